/** Effect apps behind code that has already read the request body, such as parsers of callback servers. */
import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Client, type HttpError } from "@httpfx/core"
import * as bridge from "@httpfx/node/bridge"
import { TestServer } from "@httpfx/testing"
import { Effect, Option, Stream } from "effect"
import { once } from "node:events"
import type { IncomingMessage } from "node:http"
import { gunzipSync, gzipSync } from "node:zlib"
import { implementations, serving, textOf } from "../http/implementations.js"

type Request = IncomingMessage & { body?: unknown; rawBody?: unknown; user?: string }
type Parser = (req: Request, bytes: Buffer) => void
type Platform = HttpServerRequest.HttpServerRequest

const json: Parser = (req, bytes) => void (req.body = JSON.parse(String(bytes)))
const raw: Parser = (req, bytes) => void (req.body = bytes)
const text: Parser = (req, bytes) => void (req.body = String(bytes))
const set =
  (body: unknown): Parser =>
  (req) =>
    void (req.body = body)
const rawBody: Parser = (req, bytes) => {
  req.rawBody = bytes
  req.body = { parsed: true }
}

const readers = {
  text: (request: Platform) => request.text,
  json: (request: Platform) => Effect.map(request.json, JSON.stringify),
  form: (request: Platform) =>
    Effect.map(request.urlParamsBody, (pairs) => pairs.map((pair) => pair.join("=")).join(" ")),
  bytes: (request: Platform) =>
    Effect.map(request.arrayBuffer, (bytes) => Buffer.from(bytes).toString("latin1")),
  stream: (request: Platform) => Stream.mkString(Stream.decodeText(request.stream))
}

const jsonType = "application/json"
const formType = "application/x-www-form-urlencoded"

interface Taken {
  readonly name: string
  readonly sent: string | Buffer
  readonly fields?: Record<string, string>
  readonly parser: Parser
  readonly reader: keyof typeof readers
  readonly seen: string
}

const taken: ReadonlyArray<Taken> = [
  {
    name: "json",
    sent: '{"a": 1}',
    fields: { "content-type": jsonType },
    parser: json,
    reader: "json",
    seen: '{"a":1}'
  },
  {
    name: "json as text",
    sent: '{ "a": 1 }',
    fields: { "content-type": `${jsonType}; charset=utf-8` },
    parser: json,
    reader: "text",
    seen: '{"a":1}'
  },
  {
    name: "json of a vendor",
    sent: "[1]",
    fields: { "content-type": "application/vnd.a+json" },
    parser: json,
    reader: "json",
    seen: "[1]"
  },
  {
    name: "json null",
    sent: "null",
    fields: { "content-type": jsonType },
    parser: json,
    reader: "json",
    seen: "null"
  },
  {
    name: "a json string",
    sent: '"é"',
    fields: { "content-type": jsonType },
    parser: json,
    reader: "json",
    seen: '"é"'
  },
  {
    name: "json kept as text",
    sent: '{"a":1}',
    fields: { "content-type": jsonType },
    parser: text,
    reader: "json",
    seen: '{"a":1}'
  },
  {
    name: "text",
    sent: "hé",
    fields: { "content-type": "text/plain" },
    parser: text,
    reader: "text",
    seen: "hé"
  },
  { name: "text of no type", sent: "hello", parser: text, reader: "text", seen: "hello" },
  {
    name: "text of another charset",
    sent: Buffer.from([0xe9]),
    fields: { "content-type": "text/plain; charset=iso-8859-1" },
    parser: set("é"),
    reader: "text",
    seen: "é"
  },
  {
    name: "raw",
    sent: "\x01\x02",
    fields: { "content-type": "application/octet-stream" },
    parser: raw,
    reader: "bytes",
    seen: "\x01\x02"
  },
  { name: "raw as a stream", sent: "hello", parser: raw, reader: "stream", seen: "hello" },
  {
    name: "a large body",
    sent: "a".repeat(300_000),
    parser: raw,
    reader: "stream",
    seen: "a".repeat(300_000)
  },
  {
    name: "rawBody goes before body",
    sent: '{ "a" :1}',
    fields: { "content-type": jsonType },
    parser: rawBody,
    reader: "text",
    seen: '{ "a" :1}'
  },
  {
    name: "rawBody of a form of parts",
    sent: "--x--",
    fields: { "content-type": "multipart/form-data; boundary=x" },
    parser: rawBody,
    reader: "text",
    seen: "--x--"
  },
  {
    name: "a form",
    sent: "a=1&b=%20",
    fields: { "content-type": formType },
    parser: set({ a: "1", b: " " }),
    reader: "form",
    seen: "a=1 b= "
  },
  {
    name: "a form with repeated names",
    sent: "a=1&a=2",
    fields: { "content-type": formType },
    parser: set({ a: ["1", "2"] }),
    reader: "form",
    seen: "a=1 a=2"
  },
  {
    name: "a nested form",
    sent: "a[b]=1&c[0][d]=2",
    fields: { "content-type": formType },
    parser: set({ a: { b: "1" }, c: [{ d: "2" }] }),
    reader: "form",
    seen: "a[b]=1 c[0][d]=2"
  },
  {
    name: "chunked json",
    sent: '{"a":1}',
    fields: { "content-type": jsonType, "transfer-encoding": "chunked" },
    parser: json,
    reader: "json",
    seen: '{"a":1}'
  },
  {
    name: "an empty chunked body",
    sent: "",
    fields: { "transfer-encoding": "chunked" },
    parser: set({}),
    reader: "text",
    seen: ""
  },
  {
    name: "inflated json",
    sent: gzipSync('{"a":1}'),
    fields: { "content-type": jsonType, "content-encoding": "gzip" },
    parser: (req, bytes) => json(req, gunzipSync(bytes)),
    reader: "json",
    seen: '{"a":1}'
  }
]

interface Gone {
  readonly name: string
  readonly sent?: string
  readonly type?: string
  readonly parser: Parser
}

const gone: ReadonlyArray<Gone> = [
  { name: "a form of parts", type: "multipart/form-data; boundary=x", parser: set({ name: "value" }) },
  { name: "a body that was thrown away", parser: () => {} },
  { name: "an object of an unknown type", type: "application/xml", parser: set({ a: "1" }) },
  { name: "a value that is no JSON", type: jsonType, parser: set({ a: 1n }) }
]

const failures = (reader: (request: Platform) => Effect.Effect<string, unknown>) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    reader(request).pipe(
      Effect.catchAll((error) => {
        const { _tag, message } = (error as { readonly cause: HttpError.BodyAlreadyRead }).cause
        return Effect.succeed(`${_tag} ${message}`)
      }),
      Effect.map((read) =>
        HttpServerResponse.text(read, {
          headers: {
            "x-coding": request.headers["content-encoding"] ?? "none",
            "x-type": request.headers["content-type"] ?? ""
          }
        })
      )
    )
  )

describe("fromListener in an app that has read the body as", () => {
  const echo = bridge.fromListener((req, res) => void textOf(req).then((text) => res.end(`read ${text}`)))
  const rows = [
    ["text", Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => request.text), "read hello"],
    [
      "arrayBuffer",
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => request.arrayBuffer),
      "read hello"
    ],
    ["nothing", Effect.void, "read hello"],
    [
      "stream",
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => Stream.runDrain(request.stream)),
      "BodyAlreadyRead"
    ]
  ] as const
  it.effect.each(rows)("%s", ([, before, seen]) =>
    Effect.gen(function* () {
      const app = Effect.zipRight(before, echo).pipe(
        Effect.catchTag("BodyAlreadyRead", ({ _tag }) => HttpServerResponse.text(_tag))
      )
      const response = yield* Client.request({
        url: "http://server.test/",
        method: "POST",
        body: "hello"
      }).pipe(
        Effect.flatMap((response) => response.text),
        Effect.provide(TestServer.serve(app))
      )
      assert.strictEqual(response, seen)
    })
  )
})

describe.each(implementations)("toListeners behind a parser on %s", (_name, http) => {
  const ask = (
    listeners: bridge.Listeners,
    parser: Parser,
    sent: string | Buffer,
    headers: Record<string, string>
  ) =>
    Effect.promise(() =>
      serving(
        http.createServer((req: Request, res) => {
          const chunks: Array<Buffer> = []
          req.on("data", (chunk: Buffer) => chunks.push(chunk))
          req.on("end", () => {
            parser(req, Buffer.concat(chunks))
            listeners.request(req, res)
          })
        }),
        async (port) => {
          const req = http.request({ port, host: "127.0.0.1", method: "POST", headers })
          req.end(sent)
          const [res] = (await once(req, "response")) as [IncomingMessage]
          return { res, text: await textOf(res.setEncoding("utf8")) }
        }
      )
    )

  it.live.each(taken)("reads the body again: $name", ({ fields = {}, parser, reader, seen, sent }) =>
    Effect.gen(function* () {
      const listeners = yield* bridge.toListeners(failures(readers[reader]))
      const { res, text } = yield* ask(listeners, parser, sent, fields)
      assert.strictEqual(text, seen)
      assert.strictEqual(res.headers["x-coding"], "none")
      assert.notInclude(res.headers["x-type"], "8859")
    }).pipe(Effect.scoped)
  )

  const cases = gone.flatMap((row) => Object.keys(readers).map((reader) => ({ ...row, reader })))
  it.live.each(cases)(
    "$reader fails with BodyAlreadyRead, which names the remedy: $name",
    ({ parser, reader, sent = "hello", type }) =>
      Effect.gen(function* () {
        const listeners = yield* bridge.toListeners(failures(readers[reader as keyof typeof readers]))
        const { text } = yield* ask(
          listeners,
          parser,
          sent,
          type === undefined ? {} : { "content-type": type }
        )
        assert.match(text, /^BodyAlreadyRead .*`req\.rawBody`/)
      }).pipe(Effect.scoped)
  )

  it.live("an unhandled BodyAlreadyRead sends 500, and the connection is kept", () =>
    Effect.gen(function* () {
      const listeners = yield* bridge.toListeners(
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
          Effect.map(request.text, (text) => HttpServerResponse.text(text))
        )
      )
      const { res } = yield* ask(listeners, () => {}, "hello", { connection: "keep-alive" })
      assert.deepStrictEqual([res.statusCode, res.headers["connection"]], [500, "keep-alive"])
    }).pipe(Effect.scoped)
  )

  it.live("a body that was read in part fails with BodyAlreadyRead", () =>
    Effect.gen(function* () {
      const listeners = yield* bridge.toListeners(failures(readers.text))
      const text = yield* Effect.promise(() =>
        serving(
          http.createServer((req, res) => {
            req.once("data", () => {
              req.pause()
              listeners.request(req, res)
            })
          }),
          async (port) => {
            const req = http.request({ port, host: "127.0.0.1", method: "POST" })
            req.write("first")
            const [res] = (await once(req, "response")) as [IncomingMessage]
            req.end("second")
            return textOf(res)
          }
        )
      )
      assert.match(text, /^BodyAlreadyRead .* in part /)
    }).pipe(Effect.scoped)
  )

  it.live("a request whose response is already complete does not run the app", () =>
    Effect.gen(function* () {
      let ran = false
      const listeners = yield* bridge.toListeners(
        Effect.sync(() => {
          ran = true
          return HttpServerResponse.text("late")
        })
      )
      yield* Effect.promise(() =>
        serving(
          http.createServer((req, res) => {
            res.on("close", () => listeners.request(req, res))
            res.end("over")
          }),
          async (port) => {
            const res = await fetch(`http://127.0.0.1:${port}/`)
            assert.strictEqual(await res.text(), "over")
          }
        )
      )
      // The listeners' scope waits for in-flight exchanges, so a stuck exchange would make this test time
      // out.
      assert.isFalse(ran)
    }).pipe(Effect.scoped)
  )

  it.live("a handler gets the callback request by bridge.callbackRequest", () =>
    Effect.gen(function* () {
      const listeners = yield* bridge.toListeners(
        Effect.map(bridge.callbackRequest<Request>(), (request) =>
          HttpServerResponse.text(
            Option.match(request, { onNone: () => "none", onSome: (req) => `${req.user}` })
          )
        )
      )
      const { text } = yield* ask(listeners, (req) => void (req.user = "Ada"), "", {})
      assert.strictEqual(text, "Ada")
    }).pipe(Effect.scoped)
  )
})
