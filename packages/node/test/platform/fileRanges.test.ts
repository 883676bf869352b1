/**
 * Ranges of real files on real sockets: with curl, around the size of a read, while the file changes, and
 * with clients that disconnect. No descriptor stays open, and only regular files are opened.
 */
import { execFile, execFileSync } from "node:child_process"
import { existsSync, readdirSync, readlinkSync } from "node:fs"
import * as nodeFs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { promisify } from "node:util"
import { HttpClient, HttpServer, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpServer, NodeNetwork } from "@httpfx/node"
import { RawPeer } from "@httpfx/testing"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"

const folder = Effect.acquireRelease(
  Effect.promise(() => nodeFs.mkdtemp(path.join(os.tmpdir(), "httpfx-"))),
  (name) => Effect.promise(() => nodeFs.rm(name, { recursive: true }))
)
const fileOf = (size: number) =>
  Effect.flatMap(folder, (where) => {
    const name = path.join(where, "file.txt")
    const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, index) => 97 + (index % 26)))
    return Effect.as(
      Effect.promise(() => nodeFs.writeFile(name, bytes)),
      { name, bytes }
    )
  })
const serving = <A, E, R>(name: string, test: (url: string) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    yield* HttpServer.serveEffect(Effect.orDie(HttpServerResponse.file(name)))
    return yield* Effect.flatMap(HttpServer.addressFormattedWith(Effect.succeed), test)
  }).pipe(Effect.scoped, Effect.provide(NodeHttpServer.layerTest))

const isOpen = (name: string): boolean =>
  existsSync("/proc/self/fd") &&
  readdirSync("/proc/self/fd").some((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === name
    } catch {
      return false
    }
  })

// `%header{}` needs curl 7.84.
const hasCurl = (() => {
  try {
    const [, major, minor] = /^curl (\d+)\.(\d+)/.exec(
      execFileSync("curl", ["--version"], { encoding: "utf8" })
    )!
    return +major! > 7 || +minor! >= 84
  } catch {
    return false
  }
})()
const curl = (...args: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const form = "\n%{http_code} %header{content-range}"
    const { stdout } = await promisify(execFile)("curl", ["-sS", "-w", form, ...args])
    const at = stdout.lastIndexOf("\n")
    return [stdout.slice(0, at), stdout.slice(at + 1).trim()]
  })

describe.runIf(hasCurl)("curl", () => {
  it.scopedLive("works with -r, -z, -C and --etag-compare", () =>
    Effect.gen(function* () {
      const { name } = yield* fileOf(26)
      const abc = "abcdefghijklmnopqrstuvwxyz"
      yield* Effect.promise(() => nodeFs.utimes(name, 1_700_000_000, 1_700_000_000))
      yield* serving(name, (url) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* curl("-r", "0-4", url), ["abcde", "206 bytes 0-4/26"])
          assert.deepStrictEqual(yield* curl("-r", "-3", url), ["xyz", "206 bytes 23-25/26"])
          assert.deepStrictEqual(yield* curl("-r", "26-", url), ["", "416 bytes */26"])
          assert.deepStrictEqual(yield* curl("-z", "20231115", url), ["", "304"])
          assert.deepStrictEqual(yield* curl("-z", "20231113", url), [abc, "200"])
          assert.deepStrictEqual(yield* curl("-z", "-20231113", url), ["", "412"])
          assert.deepStrictEqual(yield* curl("-z", "-20231115", url), [abc, "200"])
          // curl resumes an incomplete download.
          const partial = `${name}.part`
          yield* Effect.promise(() => nodeFs.writeFile(partial, abc.slice(0, 10)))
          assert.deepStrictEqual(yield* curl("-C", "-", "-o", partial, url), ["", "206 bytes 10-25/26"])
          assert.strictEqual(yield* Effect.promise(() => nodeFs.readFile(partial, "utf8")), abc)
          const tag = `${name}.etag`
          yield* curl("--etag-save", tag, url)
          assert.deepStrictEqual(yield* curl("--etag-compare", tag, url), ["", "304"])
        })
      )
    })
  )
})

// The sizes below are around the size of one read.
const piece = 131_072
const size = 3 * piece + 5

describe("ranges of files", () => {
  it.scopedLive("are exact across reads, one and several", () =>
    Effect.gen(function* () {
      const { bytes, name } = yield* fileOf(size)
      yield* serving(name, () =>
        Effect.gen(function* () {
          for (const [first, last] of [
            [0, 0],
            [0, piece - 1],
            [0, piece],
            [piece - 1, piece],
            [1, 2 * piece],
            [5, size - 1]
          ] as const) {
            const response = yield* HttpClient.get("/", { headers: { range: `bytes=${first}-${last}` } })
            assert.strictEqual(response.status, 206)
            const got = Buffer.from(yield* response.arrayBuffer)
            assert.isTrue(got.equals(bytes.subarray(first, last + 1)))
          }
          const range = `bytes=0-9,${piece}-${3 * piece}`
          const response = yield* HttpClient.get("/", { headers: { range } })
          const content = Buffer.from(yield* response.arrayBuffer)
          assert.strictEqual(response.headers["content-length"], String(content.length))
          assert.isTrue(content.includes(bytes.subarray(piece, 3 * piece + 1)))
          yield* Effect.suspend(() => Effect.sleep(1)).pipe(Effect.repeat({ while: () => isOpen(name) }))
        })
      )
    })
  )

  it.scopedLive("a file that was truncated never looks complete", () =>
    Effect.gen(function* () {
      const { name } = yield* fileOf(size)
      yield* Effect.gen(function* () {
        yield* HttpServer.serveEffect(
          Effect.tap(Effect.orDie(HttpServerResponse.file(name)), () =>
            Effect.promise(() => nodeFs.truncate(name, 10))
          )
        )
        for (const range of ["bytes=5-14", "bytes=5-,0-1", `bytes=0-1,${piece}-`]) {
          yield* Effect.promise(() => nodeFs.truncate(name, size))
          const got = yield* Effect.either(
            Effect.flatMap(HttpClient.get("/", { headers: { range } }), (response) =>
              Effect.map(response.arrayBuffer, () => response.status)
            )
          )
          assert.isTrue(got._tag === "Left" || got.right === 500)
        }
      }).pipe(
        Effect.scoped,
        Effect.provide(NodeHttpServer.layerTest),
        Effect.provide(Logger.remove(Logger.defaultLogger))
      )
    })
  )

  it.scopedLive("a client that disconnects within a part leaves no file open", () =>
    Effect.gen(function* () {
      // Larger than the buffers of the sockets.
      const large = 40 * 1_048_576
      const { name } = yield* fileOf(10)
      yield* Effect.promise(() => nodeFs.truncate(name, large))
      yield* serving(name, () =>
        Effect.gen(function* () {
          const { address } = yield* HttpServer.HttpServer
          const peer = yield* RawPeer.connect(address)
          yield* peer.send("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9,100-\r\n\r\n")
          yield* peer.expect("HTTP/1.1 206 ")
          yield* peer.reset
          yield* Effect.suspend(() => Effect.sleep(1)).pipe(Effect.repeat({ while: () => isOpen(name) }))
        }).pipe(Effect.scoped, Effect.provide(NodeNetwork.layer))
      )
    })
  )

  it.scopedLive.skipIf(process.platform === "win32")(
    "pipes, devices and folders are refused without opening them",
    () =>
      Effect.gen(function* () {
        const where = yield* folder
        const pipe = path.join(where, "pipe")
        execFileSync("mkfifo", [pipe])
        yield* Effect.gen(function* () {
          for (const name of [pipe, "/dev/zero", where]) {
            const error = yield* Effect.flip(HttpServerResponse.file(name))
            assert.propertyVal(error, "reason", "BadResource")
          }
        }).pipe(Effect.provide(NodeHttpServer.layerContext))
      })
  )
})
