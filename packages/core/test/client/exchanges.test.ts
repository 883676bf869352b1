// An exchange does not affect the next. Each kind is recorded alone on a new agent, then after every other
// kind and in random sequences. Client and server must see the same each time, except for `reused`.
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Agent, Client, Network, Timers, type Transport } from "@httpfx/core"
import { MemoryNetwork, Simulation } from "@httpfx/testing"
import { ok } from "../support/withClient.js"

/** The actions that a server can perform during one request. */
interface Answering {
  readonly write: (text: string) => void
  readonly end: () => void
  /** Calls `act` after `millis` milliseconds. */
  readonly later: (millis: number, act: () => void) => void
}

interface Kind {
  readonly request: Partial<Client.Request<string>>
  /** `head` is called when the head has arrived, and `whole` when the whole request has arrived. */
  readonly head?: (server: Answering) => void
  readonly whole?: (server: Answering) => void
  /** Which part of the response the caller reads. Default: the whole body. */
  readonly read?: "nothing" | "first" | "leaves"
  /** Milliseconds after which the caller is interrupted. */
  readonly interrupted?: number
  /** Whether the connection is reused for the next request. */
  readonly keeps: boolean
}

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))
/** A body of three pieces, one every 20 ms. */
const slow = Stream.range(1, 3).pipe(
  Stream.mapEffect((n) => Effect.as(Effect.sleep(20), bytes(`piece ${n} `)))
)
const chunked = (fields: string, ...rest: ReadonlyArray<string>) =>
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${fields}\r\n${rest.join("")}`
const echoes = { whole: (server: Answering) => server.write(ok("thanks")) }

const kinds: Readonly<Record<string, Kind>> = {
  "a GET": { request: {}, ...echoes, keeps: true },
  "a slow response, in pieces": {
    request: {},
    whole: ({ later, write }) => {
      for (const [index, piece] of [
        "HTTP/1.1 2",
        "00 OK\r\nContent-Len",
        "gth: 4\r\n\r",
        "\nab",
        "cd"
      ].entries())
        later(30 * (index + 1), () => write(piece))
    },
    keeps: true
  },
  "a HEAD": {
    request: { method: "HEAD" },
    whole: ({ write }) => write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Head: yes\r\n\r\n"),
    keeps: true
  },
  "a HEAD of chunks": {
    request: { method: "HEAD" },
    whole: ({ write }) => write(chunked("")),
    keeps: true
  },
  "204": {
    request: { method: "DELETE" },
    whole: ({ write }) => write("HTTP/1.1 204 No\r\n\r\n"),
    keeps: true
  },
  "304 with a length": {
    request: { headers: { "If-None-Match": '"x"' } },
    whole: ({ write }) => write('HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: "x"\r\n\r\n'),
    keeps: true
  },
  "informational answers, observed": {
    request: { onInformational: () => {} },
    whole: ({ later, write }) => {
      write("HTTP/1.1 102 Processing\r\n\r\n")
      write("HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
      later(20, () => write(ok("after hints")))
    },
    keeps: true
  },
  "informational answers, ignored": {
    request: {},
    whole: ({ write }) => write("HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n" + ok("unhinted")),
    keeps: true
  },
  "chunks with extensions and trailers": {
    request: { headers: { TE: "trailers" } },
    whole: ({ write }) =>
      write(chunked("Trailer: X-Sum\r\n", "3;a=b\r\nabc\r\n", "0\r\nX-Sum: 1\r\nX-Two: 2\r\n\r\n")),
    keeps: true
  },
  "a POST of text": { request: { method: "POST", body: "some text" }, ...echoes, keeps: true },
  "an upload in pieces with trailers": {
    request: { method: "PUT", body: slow, trailers: Effect.succeed({ "X-Sum": "3" }) },
    ...echoes,
    keeps: true
  },
  "an upload with a length": {
    request: { method: "PUT", body: slow, headers: { "Content-Length": 24 } },
    ...echoes,
    keeps: true
  },
  "a response before the end of an upload, which continues": {
    request: { method: "PUT", body: slow },
    head: ({ write }) => write(chunked("", "5\r\nearly\r\n")),
    whole: ({ write }) => write("4\r\nlate\r\n0\r\n\r\n"),
    keeps: true
  },
  "a response before the end of an upload, which it stops": {
    request: { method: "PUT", body: slow },
    head: ({ write }) => write(ok("early")),
    keeps: false
  },
  "a response that stops an upload": {
    request: { method: "PUT", body: slow, earlyAnswer: "stop" },
    head: ({ later, write }) => {
      write(chunked("", "5\r\nearly\r\n"))
      later(200, () => write("0\r\n\r\n"))
    },
    keeps: false
  },
  "100, then the body": {
    request: { method: "POST", body: "wanted", expectContinue: true },
    head: ({ write }) => write("HTTP/1.1 100 Continue\r\n\r\n"),
    ...echoes,
    keeps: true
  },
  "417 instead of 100": {
    request: { method: "POST", body: "unwanted", expectContinue: true, continueTimeout: 40 },
    head: ({ later, write }) => {
      write("HTTP/1.1 417 No\r\nContent-Length: 4\r\n\r\nno")
      // `continueTimeout` (40 ms) has expired by now, and the client must not have sent the body.
      later(80, () => write("pe"))
    },
    keeps: false
  },
  "a body that waits for a 100 that never comes": {
    request: { method: "POST", body: "after a while", expectContinue: true, continueTimeout: 70 },
    ...echoes,
    keeps: true
  },
  "a small body, not read": { request: {}, ...echoes, read: "nothing", keeps: true },
  "a large body, abandoned": {
    request: {},
    whole: ({ later, write }) => {
      write(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${"x".repeat(100_000)}`)
      later(20, () => write("x".repeat(100_000)))
    },
    read: "leaves",
    keeps: false
  },
  "a body whose reader leaves after the first piece": {
    request: {},
    whole: ({ later, write }) => {
      write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
      later(50, () => write("later"))
    },
    read: "first",
    keeps: false
  },
  "repeated fields, joined": {
    request: { joinDuplicateHeaders: true },
    whole: ({ write }) => write(ok("x", "Age: 1\r\nAge: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n")),
    keeps: true
  },
  "repeated fields, the first": {
    request: {},
    whole: ({ write }) => write(ok("x", "Age: 1\r\nAge: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n")),
    keeps: true
  },
  "within its limits": {
    request: { timeouts: { total: 100, head: 80, body: 80 } },
    whole: ({ later, write }) => later(40, () => write(ok("in time"))),
    keeps: true
  },
  "a head that times out": {
    request: { timeouts: { head: 60 } },
    whole: ({ later, write }) => later(200, () => write(ok("too late"))),
    keeps: false
  },
  "a body that times out": {
    request: { timeouts: { body: 60 } },
    whole: ({ later, write }) => {
      write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome")
      later(200, () => write(" more"))
    },
    keeps: false
  },
  "interrupted before the head": {
    request: {},
    whole: ({ later, write }) => later(90, () => write(ok("to nobody"))),
    interrupted: 55,
    keeps: false
  },
  "interrupted within the body": {
    request: {},
    whole: ({ later, write }) => {
      write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome")
      later(90, () => write(" more"))
    },
    interrupted: 55,
    keeps: false
  },
  "interrupted within the upload": { request: { method: "PUT", body: slow }, interrupted: 55, keeps: false },
  "an upload that fails": {
    request: { method: "PUT", body: Stream.concat(slow, Stream.fail("no more")) },
    keeps: false
  },
  "no HTTP": { request: {}, whole: ({ write }) => write("nonsense\r\n\r\n"), keeps: false },
  "bytes after the response": { request: {}, whole: ({ write }) => write(ok("x") + "more"), keeps: false },
  "a connection closed within the body": {
    request: {},
    whole: ({ end, write }) => {
      write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome")
      end()
    },
    keeps: false
  },
  "Connection: close in the response": {
    request: {},
    whole: ({ write }) => write(ok("last", "Connection: close\r\n")),
    keeps: false
  },
  "Connection: close in the request": {
    request: { headers: { Connection: "close" } },
    ...echoes,
    keeps: false
  },
  "HTTP/1.0": {
    request: {},
    whole: ({ write }) => write("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"),
    keeps: false
  },
  "HTTP/1.0, kept": {
    request: {},
    whole: ({ write }) => write("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"),
    keeps: true
  },
  "a body that ends with the connection": {
    request: {},
    whole: ({ end, write }) => {
      write("HTTP/1.1 200 OK\r\n\r\nall of it")
      end()
    },
    keeps: false
  },
  "a keep-alive hint that expires": {
    request: {},
    whole: ({ write }) => write(ok("x", "Keep-Alive: timeout=1\r\n")),
    keeps: false
  }
}

const names = Object.keys(kinds)

/** Latency of the network, ms. */
const latency = 3

/** Serves the requests of a connection one by one. The path of a request contains the number of its kind. */
const serve = (timers: Timers.Timers, requests: Map<string, string>) => (transport: Transport.Transport) => {
  let text = ""
  let id: string | undefined
  let kind: Kind | undefined
  const server: Answering = {
    write: (text) => void transport.write(text),
    end: () => transport.end(),
    later: (millis, act) => void timers.at(timers.now() + millis, act)
  }
  /** Returns the length of the request at the beginning of `text`; `Infinity` if its end has not arrived. */
  const length = (): number => {
    const end = text.indexOf("\r\n\r\n") + 4
    const [, declared] = /\r\nContent-Length: (\d+)\r\n/.exec(text.slice(0, end)) ?? []
    if (declared !== undefined) return end + Number(declared)
    if (!/\r\nTransfer-Encoding: chunked\r\n/.test(text.slice(0, end))) return end
    const [last] = /(?:^|\r\n)0\r\n(?:[^\r]+\r\n)*\r\n/.exec(text.slice(end)) ?? []
    return last === undefined ? Infinity : end + text.slice(end).indexOf(last) + last.length
  }
  const look = () => {
    if (kind === undefined) {
      if (!text.includes("\r\n\r\n")) return
      const [, path, number] = / \/([^/]+)\/(\d+) /.exec(text) ?? []
      id = String(number)
      kind = kinds[names[Number(path)] as string] as Kind
      kind.head?.(server)
    }
    const whole = length()
    requests.set(id as string, text.slice(0, whole).replace(`/${id} `, "/n "))
    if (text.length < whole) return
    text = text.slice(whole)
    const { whole: answer } = kind
    kind = undefined
    answer?.(server)
  }
  transport.start({
    data: (chunk) => {
      for (const byte of chunk) text += String.fromCharCode(byte)
      look()
    },
    end: () => transport.end(),
    drain: () => {},
    error: () => {},
    close: () => {}
  })
}

/** Runs a sequence of exchanges. Returns what the client and the server saw of each. */
const record = (row: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const timers = yield* Timers.timers
    const requests = new Map<string, string>()
    yield* Effect.orDie(Network.listen({ host: "10.0.0.1", port: 80 }, serve(timers, requests)))
    const agent = yield* Agent.make({ maxSockets: 1, idleTimeout: "1 minute" })
    const client = yield* Client.fromAgent(agent)
    const seen: Array<{
      readonly told: unknown
      readonly request: string | undefined
      readonly reused: unknown
    }> = []
    for (const [number, name] of row.entries()) {
      const kind = kinds[name] as Kind
      const informational: Array<unknown> = []
      const { onInformational, ...request } = kind.request
      const began = timers.now()
      const exchange = Effect.gen(function* () {
        const response = yield* client.requestScoped({
          url: `http://10.0.0.1/${names.indexOf(name)}/${number}`,
          ...request,
          // Pass the callback only if the kind has one, so that `informational` stays empty for the other
          // kinds.
          ...(onInformational !== undefined && {
            onInformational: (head) => informational.push(head.status, head.rawHeaders)
          })
        })
        const { rawHeaders, resent, reused, status, statusMessage, versionMinor } = response
        const body =
          kind.read === "nothing" || kind.read === "leaves"
            ? Effect.succeed(kind.read)
            : kind.read === "first"
              ? Stream.runCollect(Stream.take(response.body, 1)).pipe(Effect.as("the first"))
              : response.text
        const text = yield* body
        const { complete, rawTrailers } = response
        const head = [status, statusMessage, versionMinor, rawHeaders, { ...response.headers }]
        return { reused, all: { head, text, complete, rawTrailers, informational, resent } }
      })
      const fiber = yield* Effect.fork(Effect.either(Effect.scoped(exchange)))
      if (kind.interrupted !== undefined) {
        yield* Effect.sleep(kind.interrupted)
        yield* Fiber.interruptFork(fiber)
      }
      const exit = yield* Fiber.await(fiber)
      // Subtract the time for opening a connection, so that a reused connection gives the same duration.
      const fresh = number === 0 || !(kinds[row[number - 1]!] as Kind).keeps
      const took = timers.now() - began - (fresh && kind.interrupted === undefined ? 2 * latency : 0)
      const result = exit._tag === "Success" ? exit.value : undefined
      if (result?._tag === "Right")
        seen.push({ told: [result.right.all, took], request: undefined, reused: result.right.reused })
      else {
        const error = result?.left as
          string | (Client.RequestError & Readonly<Record<string, unknown>>) | undefined
        const facts =
          error === undefined || typeof error === "string"
            ? error
            : [error._tag, error.code, error["phase"], error["written"], error["received"], error["limit"]]
        const reused = typeof error === "object" ? error["reused"] : undefined
        seen.push({ told: [facts ?? "interrupted", took], request: undefined, reused })
      }
      // Pause after every second exchange. In this time, late effects of an exchange would reach the next
      // one.
      if (number % 2 === 0) yield* Effect.sleep(40)
    }
    yield* Effect.sleep("2 minutes")
    assert.deepInclude(yield* agent.state, { open: 0, idle: 0, connecting: 0, queued: 0 })
    return seen.map((exchange, number) => ({ ...exchange, request: requests.get(String(number)) }))
  })

const run = (row: ReadonlyArray<string>, seed = 1) =>
  Effect.runPromise(
    Simulation.run(
      { seed, report: () => {} },
      Effect.provide(Effect.scoped(record(row)), MemoryNetwork.layer({ latency }))
    )
  )

const alone = new Map<string, Awaited<ReturnType<typeof run>>[number]>()
const first = async (name: string) => {
  let recorded = alone.get(name)
  if (recorded === undefined) alone.set(name, (recorded = (await run([name]))[0]!))
  return recorded
}

const check = async (row: ReadonlyArray<string>, seed?: number) => {
  const seen = await run(row, seed)
  for (const [number, name] of row.entries()) {
    const { reused, ...rest } = seen[number]!
    const { reused: _, ...expected } = await first(name)
    const after = number === 0 ? "first" : `after ${row[number - 1]}`
    assert.deepStrictEqual(rest, expected, `${name}, ${after}`)
    const kept = number > 0 && kinds[row[number - 1]!]!.keeps
    if (reused !== undefined) assert.strictEqual(reused, kept, `${name}, ${after}: reused`)
  }
}

describe("The n-th exchange of a client equals the first", () => {
  it("each kind describes itself correctly", async () => {
    for (const name of names) {
      const { request, told } = await first(name)
      assert.match(String(request), /^[A-Z]+ \/\d+\/n HTTP\/1\.1\r\n/, name)
      assert.notStrictEqual(told, undefined)
    }
  })

  it.each(names)("after %s", (before) => check(names.flatMap((name) => [before, name])))

  it("in any sequence", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...names), { minLength: 2, maxLength: 16 }), fc.nat(), check),
      { numRuns: 40 }
    ))
})
