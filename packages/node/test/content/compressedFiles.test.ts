/** Compressed file responses: ranges and preconditions refer to the uncompressed file. */
import { gunzipSync } from "node:zlib"
import { FileSystem, HttpClient, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { NodeCompression, NodeStaticFiles } from "@httpfx/node"
import { TestServer } from "@httpfx/testing"
import * as Effect from "effect/Effect"

const content = "0123456789".repeat(500)
const gzip = { "accept-encoding": "gzip" }

const file = Effect.orDie(HttpServerResponse.file("/site/a.txt"))
const apps = {
  "a file": file,
  "a folder": Effect.orDie(NodeStaticFiles.app("/site"))
}

const ask = (headers: Record<string, string>) =>
  Effect.flatMap(HttpClient.get("/a.txt", { headers }), (response) =>
    Effect.map(response.arrayBuffer, (body) => ({
      status: response.status,
      headers: response.headers,
      body: Buffer.from(body)
    }))
  )

describe("compression", () => {
  it.effect.each(Object.entries(apps))("of %s", ([, app]) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory("/site")
      yield* fs.writeFileString("/site/a.txt", content)
      const whole = yield* ask(gzip)
      assert.strictEqual(whole.headers["content-encoding"], "gzip")
      assert.strictEqual(gunzipSync(whole.body).toString(), content)
      const etag = whole.headers["etag"]!
      assert.match(etag, /^W\//)

      const known = yield* ask({ ...gzip, "if-none-match": etag })
      assert.deepStrictEqual([known.status, known.headers["etag"], known.body.length], [304, etag, 0])

      const part = yield* ask({ ...gzip, range: "bytes=2-4" })
      assert.deepStrictEqual([part.status, part.body.toString()], [206, "234"])
      assert.notProperty(part.headers, "content-encoding")

      // The ETag is that of the compressed content, which a part of the plain file cannot continue, so all is
      // sent.
      const resumed = yield* ask({ ...gzip, range: "bytes=2-4", "if-range": etag })
      assert.deepStrictEqual([resumed.status, resumed.headers["content-encoding"]], [200, "gzip"])
    }).pipe(Effect.provide(TestServer.serve(app.pipe(NodeCompression.compress({ codings: ["gzip"] })))))
  )
})
