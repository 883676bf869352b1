/**
 * Generates small random programs for the callback API from a seed: the calls of a server's handlers, and the
 * requests and calls of clients. Leaves out calls for which docs/node-http.md lists a difference.
 */
import { PCGRandom } from "effect/Utils"
import type { AgentOptions, RequestOptions, ServerOptions } from "node:http"

export type Target = "req" | "res" | "socket" | "server"

/**
 * One step of a program. The steps in `then` run when `event` is emitted. With `rejects`, they run in an
 * async listener that then rejects.
 */
export type Step =
  | { readonly on: Target; readonly call: string; readonly args: ReadonlyArray<unknown> }
  | { readonly on: Target; readonly set: string; readonly value: unknown }
  | {
      readonly on: Target
      readonly event: string
      readonly then: ReadonlyArray<Step>
      readonly rejects?: boolean
    }
  | { readonly wait: "tick" | "microtask" | "timer" | number }

export interface Handler {
  readonly steps: ReadonlyArray<Step>
  /** Whether the program adds an `error` listener. */
  readonly errors: boolean
}

/** A client: a raw peer that writes bytes, or a request. */
export type Client =
  | { readonly bytes: ReadonlyArray<Step> }
  | {
      readonly options: RequestOptions
      readonly steps: ReadonlyArray<Step>
      readonly answered: ReadonlyArray<Step>
      readonly errors: boolean
    }

export interface Program {
  readonly server: ServerOptions
  /** The value of `captureRejections` for all emitters. */
  readonly captures: boolean
  readonly listeners: ReadonlyArray<string>
  readonly handlers: ReadonlyArray<Handler>
  /** The steps of a raw peer that replaces the HTTP server. */
  readonly peer: ReadonlyArray<ReadonlyArray<Step>> | undefined
  readonly agent: AgentOptions | undefined
  readonly clients: ReadonlyArray<Client>
}

/** An argument that stands for a function. Calls of the function are recorded. */
export const callback = Symbol("callback")
/** An argument that stands for the handler's response. */
export const response = Symbol("response")
/** A step of a raw peer that waits for bytes. */
export const heard: Step = { on: "socket", event: "data", then: [] }

const randomOf = (start: number) => {
  const generator = new PCGRandom(start)
  return () => generator.number()
}

const names = [
  ...[
    "content-length",
    "Content-Length",
    "transfer-encoding",
    "connection",
    "Connection",
    "Keep-Alive",
    "date",
    "te"
  ],
  ...[
    "x-a",
    "X-A",
    "X-B",
    "set-cookie",
    "Set-Cookie",
    "content-type",
    "cookie",
    "__proto__",
    "toString",
    "etag"
  ]
]
const wrongNames = ["", "bad name", "na\u00efve", Symbol("name"), 5, null, undefined, "a:b", {}]
const values: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  "content-length": [0, 5, "5", 10, "10", 100, ["5"], " 5"],
  "transfer-encoding": ["chunked", "Chunked", "gzip, chunked", "identity", ["gzip", "chunked"]],
  connection: ["close", "keep-alive", "Close", "x, close", ["close"], "closed"],
  "keep-alive": ["timeout=1", "timeout=5, max=10", "x"],
  te: ["chunked", "trailers"]
}
const anyValues = ["v", ["a", "b"], ["a"], 5, "\u00e9", "a b", ""]
const wrongValues = [
  undefined,
  null,
  "bad\r\nx",
  "\u65e5",
  {},
  [],
  Symbol("value"),
  NaN,
  [undefined],
  ["a", "b\n"]
]
const wrongChunks = [undefined, null, 5, {}, [], true, Symbol("chunk")]

const requestLines = [
  "GET / HTTP/1.1",
  "GET /a?b HTTP/1.1",
  "HEAD / HTTP/1.1",
  "GET / HTTP/1.0",
  "OPTIONS * HTTP/1.1"
]
const wrongLines = ["FOO / HTTP/1.1", "get / HTTP/1.1", "GET / HTTP/2.0", "GET  / HTTP/1.1"]
const wrongFields = [
  "bad line",
  "X : y",
  "X: \u0001",
  " fold",
  "Content-Length: x",
  `Big: ${"b".repeat(20_000)}`
]
const interim = [
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 102 Processing\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
]
const statusLines = ["200 OK", "204 No Content", "304 Not Modified", "404 Nope", "200", "500 \u00d6"]

export const generate = (seed: number): Program => {
  const random = randomOf(seed)
  const below = (n: number) => Math.floor(random() * n)
  const chance = (part: number) => random() < part
  const pick = <A>(all: ReadonlyArray<A>): A => all[below(all.length)]!
  const some = <A>(most: number, one: () => A): Array<A> => Array.from({ length: below(most + 1) }, one)
  /** The probability of an invalid argument. It is 0 in half of the programs. */
  const wrong = pick([0, 0, 0.1, 0.3])
  const isAlone = chance(0.5)

  const chunk = (): unknown => {
    if (chance(wrong)) return pick(wrongChunks)
    const bytes = () => Buffer.alloc(pick([0, 5, 100]), "z")
    return pick(["hello", "x", "h\u00e9llo", "\u65e5\u672c", "", bytes(), new Uint8Array(7), bytes()])
  }
  const body = (): Array<unknown> => {
    const encoding = pick(["utf8", "latin1", "base64", "ucs2", "ascii", undefined])
    return pick([
      [chunk()],
      [chunk(), callback],
      [chunk(), encoding],
      [chunk(), encoding, callback],
      [chunk(), undefined, 5]
    ])
  }
  const field = (): [unknown, unknown] => {
    const name = chance(wrong / 2) ? pick(wrongNames) : pick(names)
    const value = chance(wrong / 2)
      ? pick(wrongValues)
      : pick(values[String(name).toLowerCase()] ?? anyValues)
    // Copy the list, because the built-in module appends to lists that it is given.
    return [name, Array.isArray(value) ? [...(value as Array<unknown>)] : value]
  }
  const fields = () => Object.fromEntries(some(3, field).filter(([name]) => typeof name === "string"))
  const status = () =>
    chance(wrong)
      ? pick([99, 1000, "200", "x", 200.5, NaN, null, undefined])
      : pick([200, 200, 201, 204, 304, 404])
  const head = () =>
    pick([
      [status()],
      [status(), fields()],
      [status(), pick(["Fine", "", "bad\n"])],
      [status(), "Fine", fields()]
    ])
  const failure = () => pick([[], [], [new Error("boom")], [null]])
  const wait = (): Step => ({ wait: pick(["tick", 1, 1 + below(6)] as const) })
  const call = (on: Target, name: string, ...args: ReadonlyArray<unknown>): Step => ({ on, call: name, args })
  const when = (on: Target, all: ReadonlyArray<string>, then: () => Step): Step => ({
    on,
    event: pick(all),
    then: [then()]
  })

  /**
   * Makes a step that aborts, pauses or otherwise disturbs a message at a random event, often in a later
   * turn.
   */
  const disturb = (
    on: "req" | "res",
    events: ReadonlyArray<string>,
    ways: ReadonlyArray<() => Step>
  ): Step => ({
    on,
    event: pick(events),
    then: [
      ...(chance(0.8) ? [{ wait: pick(["tick", "microtask", "timer", 1, 3] as const) }] : []),
      pick(ways)()
    ],
    ...(chance(0.15) ? { rejects: true } : {})
  })
  const destroys = (on: Target) => () => call(on, "destroy", ...failure())
  const holds = (on: "req" | "res") => () => call(on, pick(["pause", "resume"]))
  const received = ["data", "end", "close", "aborted", "error", "pause", "resume"]

  // `finish` is left out: if a request acts on it, Node.js 20 may release the connection twice
  // (docs/node-http.md).
  const sent = ["drain", "close", "prefinish"]
  /** Makes a step on a sent message, which is a request or a response. */
  const send = (on: "req" | "res"): Step => {
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
        return call(on, "write", ...body())
      case 3:
        return call(on, "end", ...pick([[], [callback], body()]))
      case 4:
      case 5:
      case 6:
        return call(on, "setHeader", ...field())
      case 7:
        return call(on, "appendHeader", ...field())
      case 8:
        return call(on, pick(["removeHeader", "getHeader", "hasHeader"]), field()[0])
      case 9:
        return call(on, pick(["getHeaders", "getHeaderNames", "getRawHeaderNames", "flushHeaders"]))
      case 10:
        return call(on, pick(["cork", "uncork"]))
      case 11:
        return call(
          on,
          "addTrailers",
          pick([{ "x-t": "1" }, [["x-t", ["a", "b"]]], {}, chance(wrong) ? { x: "\n" } : {}])
        )
      case 12:
        return { on, set: "strictContentLength", value: true }
      case 13:
        return {
          on,
          set: pick(["sendDate", "shouldKeepAlive", "useChunkedEncodingByDefault"]),
          value: chance(0.5)
        }
      case 14:
        return when(on, on === "res" ? [...sent, "finish"] : sent, () =>
          on === "res" ? serve(false) : ask(false)
        )
      default:
        return chance(0.3) ? call(on, "destroy", ...failure()) : wait()
    }
  }
  const read = (on: "req" | "res"): Step => {
    switch (below(8)) {
      case 0:
        return { on, event: "data", then: [] }
      case 1:
        return call(on, "pause")
      case 2:
        return call(on, "read", below(8))
      case 3:
        return { on, event: "readable", then: [call(on, "read")] }
      case 4:
        return call(on, "setEncoding", pick(["utf8", "hex"]))
      case 5:
        return chance(0.5) ? call(on, "destroy", ...failure()) : call(on, "isPaused")
      default:
        return call(on, "resume")
    }
  }
  const serve = (deep = true): Step => {
    if (deep && chance(0.1)) {
      return chance(0.6)
        ? disturb("req", received, [
            destroys("req"),
            destroys("res"),
            destroys("socket"),
            holds("req"),
            () => call("req", "pipe", response),
            () => call("res", "end")
          ])
        : disturb(
            "res",
            ["finish", "close", "drain", "prefinish", "error"],
            [destroys("req"), destroys("res"), destroys("socket")]
          )
    }
    const kind = below(20)
    if (kind < 10 || !deep) return send("res")
    if (kind < 13) return call("res", "writeHead", ...head())
    if (kind < 14) return call("res", pick(["writeContinue", "writeProcessing"]), callback)
    if (kind < 15)
      return { on: "res", set: pick(["statusCode", "statusMessage"]), value: pick([201, 204, "x", "bad\n"]) }
    if (kind < 18) return read("req")
    if (kind < 19)
      return chance(0.5) ? call("req", "pipe", response) : call("socket", pick(["destroy", "end"]))
    // With several connections, the built-in module closes them in varying order.
    return isAlone && chance(0.5) ? call("server", "closeIdleConnections") : wait()
  }
  const ask = (deep = true): Step => {
    if (deep && chance(0.15)) {
      const events = ["socket", "response", "close", "abort", "drain", "continue", "information", "error"]
      return disturb("req", events, [destroys("req"), destroys("socket"), () => call("req", "abort")])
    }
    const kind = below(20)
    if (kind < 16 || !deep) {
      const step = send("req")
      // A request must not wait before `end`, because finishing after the response is a listed difference.
      return "wait" in step ? call("req", "setNoDelay") : step
    }
    return kind < 18 ? call("req", "abort") : call("socket", "destroy", ...failure())
  }
  const handler = (): Handler => ({
    steps: [
      ...some(1, () => read("req")),
      ...some(6, () => serve()),
      ...(chance(0.8) ? [call("res", "end", ...pick([[], ["done"]]))] : []),
      ...some(2, () => serve())
    ],
    errors: chance(0.85)
  })

  /** Splits bytes randomly into writes. */
  const pieces = (bytes: string): Array<Step> => {
    const cuts = [...some(3, () => below(bytes.length)), bytes.length].sort((a, b) => a - b)
    return cuts.flatMap((cut, i) => [
      call("socket", "write", Buffer.from(bytes.slice(i === 0 ? 0 : cuts[i - 1], cut), "latin1")),
      wait()
    ])
  }
  const framed = (text: string): string =>
    pick([
      `Content-Length: ${text.length}\r\n\r\n${text}`,
      `Transfer-Encoding: chunked\r\n\r\n${text === "" ? "" : `${text.length.toString(16)};x\r\n${text}\r\n`}0\r\nX-T: 1\r\n\r\n`
    ])
  const lines = (all: ReadonlyArray<string>, most: number) => {
    const chosen = some(most, () => pick(all))
    if (chance(wrong / 3)) chosen.push(pick(wrongFields))
    return chosen.map((line) => line + "\r\n").join("")
  }
  const text = () => pick(["hello", "", "x".repeat(300)])
  const request = (): string => {
    const optional = [
      "Connection: close",
      "Connection: keep-alive",
      "Expect: 100-continue",
      "X-A: 1",
      "x-a: 2",
      "Expect: x"
    ]
    const host = chance(0.95) ? "Host: a\r\n" : ""
    if (chance(0.4)) return `POST / HTTP/1.1\r\n${host}${lines(optional, 2)}${framed(text())}`
    return `${chance(wrong / 2) ? pick(wrongLines) : pick(requestLines)}\r\n${host}${lines(optional, 2)}\r\n`
  }
  const answer = (): string => {
    const optional = [
      "Connection: close",
      "Connection: keep-alive",
      "Keep-Alive: timeout=5",
      "Set-Cookie: a",
      "X-A: 1",
      "Age: 1"
    ]
    const rest = pick([framed(text()), framed(text()), `\r\n${text()}`])
    const line = `HTTP/1.${chance(0.9) ? 1 : 0} ${pick(statusLines)}\r\n`
    return `${chance(0.2) ? pick(interim) : ""}${line}${lines(optional, 2)}${chance(0.9) ? rest : rest.slice(0, -3)}`
  }
  const leave = (part: number): Array<Step> =>
    chance(part) ? [call("socket", pick(["end", "end", "destroy"]))] : []

  const isPeer = chance(0.3)
  const isRaw = !isPeer && chance(0.6)
  const client = (): Client => {
    if (isRaw)
      return { bytes: [...pieces(request() + (chance(0.4) ? request() : "")), { wait: 6 }, ...leave(0.6)] }
    const methods = ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"]
    return {
      options: {
        method: chance(wrong / 2) ? (pick(["bad method", 5, ""]) as string) : pick(methods),
        path: chance(wrong / 2) ? pick(["/bad path", "", "/\u65e5"]) : pick(["/x", "/a?b", "*"]),
        headers: chance(0.5) ? (fields() as Record<string, string>) : {},
        ...(chance(0.05) ? { setHost: false } : {}),
        ...(chance(0.05) ? { auth: "a:b" } : {}),
        ...(chance(0.05) ? { joinDuplicateHeaders: true } : {}),
        ...(chance(0.05) ? { maxHeaderSize: 50 } : {})
      },
      steps: [
        ...some(4, () => ask()),
        ...(chance(0.95) ? [call("req", "end", ...pick([[], ["done"]]))] : []),
        ...(chance(0.2) ? [wait(), call("req", "destroy", ...failure())] : [])
      ],
      answered: [
        ...(chance(0.85) ? [call("res", "resume")] : []),
        ...some(2, () => read("res")),
        ...(chance(0.2)
          ? [
              disturb("res", received, [
                destroys("req"),
                destroys("res"),
                destroys("socket"),
                holds("res"),
                () => call("req", "abort")
              ])
            ]
          : [])
      ],
      errors: chance(0.9)
    }
  }
  return {
    server: {
      ...(chance(0.1) ? { requireHostHeader: false } : {}),
      ...(chance(0.1) ? { keepAliveTimeout: pick([0, 1000]) } : {}),
      ...(chance(0.1) ? { uniqueHeaders: ["x-a", "set-cookie"] } : {}),
      ...(chance(0.1) ? { rejectNonStandardBodyWrites: true } : {})
    } as ServerOptions,
    captures: chance(0.3),
    listeners: ["checkContinue", "checkExpectation", "clientError", "dropRequest"].filter(() => chance(0.25)),
    handlers: [handler(), handler()],
    peer: isPeer
      ? [[heard, ...pieces(answer()), ...leave(0.3), heard, ...pieces(answer()), ...leave(0.5)]]
      : undefined,
    agent: chance(0.7) ? { keepAlive: chance(0.7), maxSockets: pick([1, 1, 2, Infinity]) } : undefined,
    clients: [client(), ...(isAlone ? [] : some(2, client))]
  }
}
