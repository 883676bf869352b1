/**
 * The same apps on our server and on the server of `@effect/platform-node`: same status, fields and body for
 * every request. This file lists the differences with their reasons.
 *
 * Not compared: `Date`, `Connection`, `Keep-Alive`, and how a body is framed.
 */
import {
  HttpApp,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse,
  Multipart
} from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Body, presets, ResponseParser } from "@httpfx/core/wire"
import { NodeHttpServer as OurServer } from "@httpfx/node"
import { Context, Effect, Layer, Logger, LogLevel, Option, Schema, Stream } from "effect"
import { createServer } from "node:http"
import { connect } from "node:net"

const bytes = (text: string) => new TextEncoder().encode(text)
const request = HttpServerRequest.HttpServerRequest
const text = HttpServerResponse.text

const form = HttpServerRequest.schemaBodyForm(Schema.Struct({ a: Schema.String }))

const answers = HttpRouter.empty.pipe(
  HttpRouter.get("/text", text("hello")),
  HttpRouter.get("/json", HttpServerResponse.json({ a: [1, "ä"] })),
  HttpRouter.get("/empty", HttpServerResponse.empty()),
  HttpRouter.get("/empty200", HttpServerResponse.empty({ status: 200 })),
  HttpRouter.get("/status", text("teapot", { status: 418, statusText: "Short and Stout" })),
  HttpRouter.get("/304", HttpServerResponse.empty({ status: 304, headers: { etag: '"x"' } })),
  HttpRouter.get("/bytes", HttpServerResponse.uint8Array(bytes("bytes"), { contentType: "x/y" })),
  HttpRouter.get("/stream", HttpServerResponse.stream(Stream.make(bytes("a"), bytes("b")))),
  HttpRouter.get(
    "/known",
    HttpServerResponse.stream(Stream.make(bytes("abc")), { contentType: "x/y", contentLength: 3 })
  ),
  HttpRouter.get("/nothing", HttpServerResponse.stream(Stream.empty)),
  HttpRouter.get(
    "/headers",
    text("x", { headers: { "X-One": "1", "x-empty": "", "cache-control": "no-store", vary: "a, b" } })
  ),
  HttpRouter.get(
    "/cookies",
    HttpServerResponse.setCookies(HttpServerResponse.empty(), [
      ["a", "1", { httpOnly: true, path: "/" }],
      ["b", "two words", { sameSite: "lax", maxAge: "1 minute" }]
    ])
  ),
  HttpRouter.get("/redirect", HttpServerResponse.redirect("/elsewhere")),
  HttpRouter.get("/html", HttpServerResponse.html("<p>ö</p>")),
  HttpRouter.get("/raw", HttpServerResponse.raw("raw text", { contentType: "text/x" })),
  HttpRouter.get("/fail", Effect.fail("a failure")),
  HttpRouter.get("/die", Effect.die("a defect")),
  HttpRouter.get("/respondable", Effect.fail(HttpServerResponse.empty({ status: 403 }))),
  HttpRouter.get("/interrupt", Effect.interrupt)
)
const special = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/pre",
    Effect.as(
      HttpApp.appendPreResponseHandler((_, response) =>
        Effect.succeed(HttpServerResponse.setHeader(response, "x-pre", "1"))
      ),
      HttpServerResponse.empty()
    )
  ),
  HttpRouter.get(
    "/pre-fails",
    Effect.as(
      HttpApp.appendPreResponseHandler((_, response) =>
        response.status === 500 ? Effect.succeed(response) : Effect.die("no")
      ),
      HttpServerResponse.empty()
    )
  ),
  HttpRouter.get("/bad-header", text("x", { headers: { "x-bad": "a\r\nb: c" } })),
  HttpRouter.get("/bad-name", text("x", { headers: { "x bad": "1" } })),
  HttpRouter.get(
    "/param/:id",
    Effect.map(HttpRouter.params, (params) => text(JSON.stringify(params)))
  ),
  HttpRouter.get(
    "/request",
    Effect.map(request, (r) =>
      text(
        JSON.stringify([
          r.method,
          r.url,
          r.originalUrl,
          r.headers["x-a"],
          r.headers["host"],
          r.headers["accept"],
          r.cookies,
          Option.map(r.remoteAddress, (address) => address.replace("::ffff:", ""))
        ])
      )
    )
  )
)
const bodies = HttpRouter.empty.pipe(
  HttpRouter.post(
    "/read",
    Effect.flatMap(request, (r) => Effect.map(r.text, (body) => text(`<${body}>`)))
  ),
  HttpRouter.post(
    "/read-json",
    Effect.flatMap(request, (r) => Effect.flatMap(r.json, (json) => HttpServerResponse.json(json)))
  ),
  HttpRouter.post(
    "/read-form",
    Effect.map(form, ({ a }) => text(a))
  ),
  HttpRouter.post(
    "/read-params",
    Effect.flatMap(request, (r) => Effect.map(r.urlParamsBody, (params) => text(JSON.stringify(params))))
  ),
  HttpRouter.post(
    "/read-buffer",
    Effect.flatMap(request, (r) => Effect.map(r.arrayBuffer, (b) => text(String(b.byteLength))))
  ),
  HttpRouter.post(
    "/echo",
    Effect.map(request, (r) => HttpServerResponse.stream(r.stream))
  ),
  HttpRouter.post("/ignore", text("ignored")),
  HttpRouter.post(
    "/small",
    Effect.flatMap(request, (r) => Effect.map(r.text, text)).pipe(
      HttpServerRequest.withMaxBodySize(Option.some(3))
    )
  ),
  HttpRouter.post(
    "/parts",
    Effect.flatMap(request, (r) =>
      r.multipartStream.pipe(
        Stream.runFold(
          "",
          (all, part) => `${all}${part.key}:${Multipart.isField(part) ? part.value : "file"};`
        ),
        Effect.map(text)
      )
    )
  )
)

const app = HttpRouter.concatAll(answers, special, bodies)

const parts =
  '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--b\r\nContent-Disposition: form-data; name="b"\r\n\r\ntwo\r\n--b--\r\n'

const get = (path: string, fields = "") =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${fields}\r\n`
const post = (path: string, body: string, fields = "") =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
const head = (path: string) => get(path).replace("GET", "HEAD")

const same: ReadonlyArray<readonly [string, string]> = [
  ..."text json empty empty200 304 bytes stream known nothing headers cookies redirect html raw fail die respondable interrupt pre pre-fails param/a%20b none"
    .split(" ")
    .map((path) => [path, get(`/${path}`)] as const),
  ..."text json empty 304 bytes stream known fail"
    .split(" ")
    .map((path) => [`HEAD ${path}`, head(`/${path}`)] as const),
  [
    "the request",
    get("/request?a=b&c", "X-A: 1\r\nX-A: 2\r\nAccept: a\r\nAccept: b\r\nCookie: a=1; b=%20x\r\n")
  ],
  ["another method", get("/text").replace("GET", "DELETE")],
  ["absolute target", get("http://h/text?a")],
  ["HTTP/1.0", "GET /text HTTP/1.0\r\n\r\n"],
  ["HTTP/1.0, stream", "GET /stream HTTP/1.0\r\n\r\n"],
  ["text", post("/read", "abc")],
  ["text, none", post("/read", "")],
  [
    "text, chunked",
    "POST /read HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
  ],
  ["text, UTF-8", post("/read", Buffer.from("äö€").toString("latin1"))],
  ["JSON", post("/read-json", '{"a":[1]}')],
  ["JSON, none", post("/read-json", "")],
  ["JSON, broken", post("/read-json", "{")],
  ["form", post("/read-form", "a=1+2%20", "Content-Type: application/x-www-form-urlencoded\r\n")],
  ["form, wrong", post("/read-form", "b=1", "Content-Type: application/x-www-form-urlencoded\r\n")],
  ["params", post("/read-params", "a=1&a=2&b")],
  ["buffer", post("/read-buffer", "abcdef")],
  ["echo", post("/echo", "echo")],
  ["ignored", post("/ignore", "x".repeat(1000))],
  ["small enough", post("/small", "abc")],
  ["parts", post("/parts", parts, "Content-Type: multipart/form-data; boundary=b\r\n")],
  ["no HTTP", "nonsense\r\n\r\n"],
  ["no host", "GET /text HTTP/1.1\r\nConnection: close\r\n\r\n"],
  ["head too large", get("/text", `X: ${"x".repeat(20_000)}\r\n`)]
]

const multipart = "Content-Type: multipart/form-data; boundary=b\r\n"

/** Reason, request, our response and the response of platform-node. */
const different: ReadonlyArray<readonly [string, string, ours: string, theirs: string]> = [
  [
    "a custom reason phrase is sent",
    get("/status"),
    "418 Short and Stout {content-type: text/plain} teapot|",
    "418 I'm a Teapot {content-type: text/plain} teapot|"
  ],
  [
    "an invalid head leaves no traces in the 500",
    get("/bad-header"),
    "500 Internal Server Error {} |",
    "500 OK {} |"
  ],
  ["the same with a name", get("/bad-name"), "500 Internal Server Error {} |", "500 OK {} |"],
  [
    "no 100 Continue for a body that has already arrived (RFC 9110 §10.1.1)",
    post("/read", "abc", "Expect: 100-continue\r\n"),
    "200 OK {content-type: text/plain} <abc>|",
    "100 Continue {} |200 OK {content-type: text/plain} <abc>|"
  ],
  [
    "a form truncated between its parts fails instead of hanging",
    post("/parts", parts.slice(0, 60), multipart),
    "400 Bad Request {} |",
    "nothing"
  ],
  [
    "a form without a boundary is the client's error",
    post("/parts", parts, "Content-Type: multipart/form-data\r\n"),
    "400 Bad Request {} |",
    "500 Internal Server Error {} |"
  ]
]

const ignored = new Set(["date", "connection", "keep-alive", "transfer-encoding", "content-length"])

const answerTo = (port: number, message: string) =>
  Effect.async<string>((resume) => {
    const received: Array<Buffer> = []
    const socket = connect(port, "127.0.0.1", () => socket.write(message, "latin1"))
    socket.on("data", (chunk) => received.push(chunk))
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(described(Buffer.concat(received), message))))
    // Give up on a server that never responds.
    socket.setTimeout(4000, () => {
      received.length = 0
      socket.destroy()
    })
  })

const described = (received: Buffer, message: string): string => {
  let text = received.length === 0 ? "nothing" : ""
  const parser = new ResponseParser(
    {
      head: (head) => {
        const fields: Array<string> = []
        for (let i = 0; i < head.rawHeaders.length; i += 2) {
          const name = head.rawHeaders[i]!.toLowerCase()
          if (!ignored.has(name)) fields.push(`${name}: ${head.rawHeaders[i + 1]}`)
        }
        text += `${head.status} ${head.statusMessage} {${fields.sort().join(", ")}} `
        return message.startsWith("HEAD") ? Body.Skip : Body.Read
      },
      data: (slice) => void (text += Buffer.from(slice).toString("latin1")),
      complete: () => void (text += "|")
    },
    { flags: presets.strict }
  )
  parser.execute(received)
  parser.finish()
  return text + (parser.refusal === undefined ? "" : ` refused: ${parser.refusal.reason}`)
}

const serving = (server: Layer.Layer<HttpServer.HttpServer, unknown>) =>
  Effect.gen(function* () {
    const served = HttpServer.serve(app as unknown as HttpApp.Default) as Layer.Layer<
      never,
      never,
      HttpServer.HttpServer
    >
    const context = yield* Layer.build(Layer.provideMerge(served, server))
    const { address } = Context.get(context, HttpServer.HttpServer)
    return address._tag === "TcpAddress" ? address.port : 0
  })

describe("our server and platform-node's", () => {
  const both = Effect.all([
    serving(OurServer.layer({ port: 0, host: "127.0.0.1" })),
    serving(NodeHttpServer.layerServer(createServer, { port: 0, host: "127.0.0.1" }))
  ])
  const quiet = Logger.withMinimumLogLevel(LogLevel.None)
  const compare = (message: string) =>
    Effect.gen(function* () {
      const [ours, theirs] = yield* both
      return [yield* answerTo(ours, message), yield* answerTo(theirs, message)] as const
    }).pipe(Effect.scoped, quiet)

  it.live.each(same)("give the same response: %s", ([, message]) =>
    Effect.map(compare(message), ([ours, theirs]) => expect(ours).toBe(theirs))
  )

  it.live.each(different)("differ: %s", ([, message, ours, theirs]) =>
    Effect.map(compare(message), (answers) => expect(answers).toEqual([ours, theirs]))
  )
})
