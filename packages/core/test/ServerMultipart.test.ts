/** The end of a form: found however its bytes are cut, and a form that has none is refused. */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as RawPeer from "@httpfx/testing/RawPeer"
import * as TestServer from "@httpfx/testing/TestServer"

const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ multipartStream }) =>
  multipartStream.pipe(
    Stream.runFold("", (all, part) => `${all}${part.key}=${part._tag === "Field" ? part.value : "file"};`),
    Effect.map((fields) => HttpServerResponse.text(fields))
  )
)

const field = (name: string, value: string) =>
  `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const long = "y".repeat(5000)
const forms = {
  whole: [field("a", "1") + field("b", long) + "--x--\r\n", `200 a=1;b=${long};`],
  "with an epilogue": [field("a", "1") + "--x--\r\nand more", "200 a=1;"],
  "without its end": [field("a", "1") + field("b", long), "400 "],
  "cut within its last delimiter": [field("a", "1") + "--x-", "400 "]
} as const

describe("a form", () => {
  for (const size of [1, 7, 4096]) {
    it.effect.each(Object.entries(forms))(`in pieces of ${size} bytes, %s`, ([, [form, expected]]) =>
      Effect.gen(function* () {
        const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
        const pieces = form.match(new RegExp(`[^]{1,${size}}`, "g"))!
        yield* peer.send(
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n" +
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" +
            pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("") +
            "0\r\n\r\n"
        )
        const answer = yield* peer.rest
        const [head = "", body = ""] = answer.split("\r\n\r\n")
        assert.strictEqual(`${head.slice(9, 12)} ${body}`, expected)
      }).pipe(Effect.scoped, Effect.provide(TestServer.serve(app)))
    )
  }
})
