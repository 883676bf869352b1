// zlib engines that were created under a watch work without a thread, and their results arrive in a fixed
// order.
import { createHook } from "node:async_hooks"
import * as zlib from "node:zlib"
import { expect, it } from "vitest"
import { watch } from "../../../src/time/fast/realAsync.js"
import { workInProcess } from "../../../src/time/fast/zlibThreads.js"

const text = Buffer.from("tea and more tea, ".repeat(10_000))
const made = zlib as unknown as Record<string, (() => zlib.Gzip) | undefined>
const pairs = [
  "Gzip Gunzip",
  "Deflate Inflate",
  "BrotliCompress BrotliDecompress",
  "ZstdCompress ZstdDecompress"
]

/** Runs `begin` under a watch. Returns its result and the reported operations, without ticks and turns. */
const watched = async <A>(begin: () => Promise<A>) => {
  const real: Array<string> = []
  const watching = watch({ turn: () => {}, tick: () => {}, real: (type) => real.push(type) })
  const value = await watching.run(begin)
  watching.stop()
  return { real, value }
}

const through = (stream: zlib.Gzip, bytes: Uint8Array) =>
  new Promise<Buffer>((resolve, reject) => {
    const pieces: Array<Buffer> = []
    stream.on("data", (piece: Buffer) => pieces.push(piece))
    stream.on("end", () => resolve(Buffer.concat(pieces)))
    stream.on("error", reject)
    stream.end(bytes)
  })

it.each(pairs.filter((pair) => made[`create${pair.split(" ")[0]!}`] !== undefined))("%s", async (pair) => {
  const [encode, decode] = pair.split(" ").map((name) => made[`create${name}`]!)
  const { real, value } = await watched(async () => through(decode!(), await through(encode!(), text)))
  expect(value.equals(text)).toBe(true)
  expect(real).toEqual([])
})

it("results arrive in the order of the writes, whatever their sizes", async () => {
  const order: Array<string> = []
  await watched(() =>
    Promise.all(
      [4_000_000, 1, 1_000_000, 10].map(async (size) => {
        await through(zlib.createGzip(), Buffer.alloc(size, "abc"))
        order.push(String(size))
      })
    )
  )
  expect(order).toEqual(["4000000", "1", "1000000", "10"])
})

it("an error arrives as an error", async () => {
  const { real, value } = await watched(() =>
    through(zlib.createGunzip(), Buffer.from("no gzip")).catch((error: { code: string }) => error.code)
  )
  expect(value).toBe("Z_DATA_ERROR")
  expect(real).toEqual([])
})

it("an engine that is destroyed in the middle completes nothing", async () => {
  const { value } = await watched(
    () =>
      new Promise((resolve) => {
        const stream = zlib.createGzip()
        stream.on("data", () => resolve("data")).on("close", () => resolve("closed"))
        stream.write(text)
        stream.destroy()
      })
  )
  expect(value).toBe("closed")
})

it("the resources that Node.js reports as ZLIB are engines", () => {
  const seen: Array<boolean> = []
  const hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type === "ZLIB") seen.push(workInProcess(resource))
    }
  }).enable()
  zlib.createGzip().close()
  hook.disable()
  expect(seen).toEqual([true])
  expect(workInProcess({})).toBe(false)
})
