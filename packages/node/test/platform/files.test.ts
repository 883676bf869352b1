/**
 * Files as responses: every size and range is exact, files may change while they are sent, and no descriptor
 * stays open.
 */
import { existsSync, readdirSync, readlinkSync } from "node:fs"
import * as nodeFs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { HttpClient, HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpServer } from "@httpfx/node"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"

const folder = Effect.acquireRelease(
  Effect.promise(() => nodeFs.mkdtemp(path.join(os.tmpdir(), "httpfx-"))),
  (name) => Effect.promise(() => nodeFs.rm(name, { recursive: true }))
)
const file = (size: number) =>
  Effect.flatMap(folder, (where) => {
    const name = path.join(where, "file.bin")
    const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, index) => index % 251))
    return Effect.as(
      Effect.promise(() => nodeFs.writeFile(name, bytes)),
      { name, bytes }
    )
  })

// Sizes of one piece and of several pieces, and one byte less or more.
const piece = 131_072
const sizes = [0, 1, piece - 1, piece, piece + 1, 3 * piece + 5]

// Returns whether the process has the file open, on systems with /proc.
const isOpen = (name: string): boolean =>
  existsSync("/proc/self/fd") &&
  readdirSync("/proc/self/fd").some((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === name
    } catch {
      return false
    }
  })

const changed = (name: string, change: () => Promise<unknown>) =>
  HttpRouter.empty.pipe(
    HttpRouter.get(
      "/",
      Effect.tap(Effect.orDie(HttpServerResponse.file(name)), () => Effect.promise(change))
    ),
    HttpRouter.get("/after", HttpServerResponse.text("the server goes on"))
  )
const goesOn = Effect.flatMap(HttpClient.get("/after"), ({ text }) =>
  Effect.map(text, (text) => assert.strictEqual(text, "the server goes on"))
)

describe("files as responses", () => {
  it.scopedLive.each(sizes)("of %d bytes, whole and in part", (size) =>
    Effect.gen(function* () {
      const { bytes, name } = yield* file(size)
      for (const [offset, bytesToRead] of [[0], [1], [0, 3], [size - 1, 1], [5, piece + 2]]) {
        if (offset! < 0 || offset! + (bytesToRead ?? 0) > size) continue
        yield* Effect.scoped(
          Effect.gen(function* () {
            const options = bytesToRead === undefined ? { offset: offset! } : { offset: offset!, bytesToRead }
            yield* HttpServer.serveEffect(Effect.orDie(HttpServerResponse.file(name, options)))
            const part = bytes.subarray(offset, bytesToRead === undefined ? size : offset! + bytesToRead)
            for (let again = 0; again < 2; again++) {
              const response = yield* HttpClient.get("/")
              assert.isTrue(Buffer.from(yield* response.arrayBuffer).equals(part))
            }
            while (isOpen(name)) yield* Effect.sleep(1)
          }).pipe(Effect.provide(NodeHttpServer.layerTest))
        )
      }
    })
  )

  it.scopedLive("a file that was removed before it is sent is 500, and the connection is kept", () =>
    Effect.gen(function* () {
      const { name } = yield* file(10)
      yield* Effect.gen(function* () {
        yield* HttpServer.serveEffect(changed(name, () => nodeFs.rm(name, { force: true })))
        assert.strictEqual((yield* HttpClient.get("/")).status, 500)
        yield* goesOn
      }).pipe(Effect.provide(NodeHttpServer.layerTest), Effect.provide(Logger.remove(Logger.defaultLogger)))
    })
  )

  it.scopedLive("a file that was truncated never looks complete", () =>
    Effect.gen(function* () {
      for (const size of [10, 3 * piece]) {
        const { name } = yield* file(size)
        yield* Effect.gen(function* () {
          yield* HttpServer.serveEffect(changed(name, () => nodeFs.truncate(name, 3)))
          const got = yield* Effect.either(
            Effect.flatMap(HttpClient.get("/"), (response) =>
              Effect.map(response.text, () => response.status)
            )
          )
          assert.isTrue(got._tag === "Left" || got.right === 500)
          yield* goesOn
          while (isOpen(name)) yield* Effect.sleep(1)
        }).pipe(Effect.provide(NodeHttpServer.layerTest), Effect.provide(Logger.remove(Logger.defaultLogger)))
      }
    })
  )
})
