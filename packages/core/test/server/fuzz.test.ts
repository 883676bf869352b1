/**
 * Random conversations of a server. Requests are valid or malformed, pipelined, split anywhere, and end or
 * are reset at any byte; responses are read slowly. Each response must be well-formed, belong to its request
 * and come in order, and nothing must be left. `HTTPFX_FUZZ_SEED` repeats a run, and `HTTPFX_FUZZ_RUNS` makes
 * it longer.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { PCGRandom } from "effect/Utils"
import { Body, ResponseParser } from "@httpfx/core/wire"
import { NodeNetwork } from "@httpfx/node"
import { MemoryNetwork } from "@httpfx/testing"
import { connect, servedOn } from "../support/served.js"

const seed = Number(process.env["HTTPFX_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env["HTTPFX_FUZZ_RUNS"] ?? 200)

type Random = () => number
const randomOf = (start: number): Random => {
  const generator = new PCGRandom(start)
  return () => generator.number()
}
const below = (random: Random, n: number) => Math.floor(random() * n)
const pick = <A>(random: Random, all: ReadonlyArray<A>): A => all[below(random, all.length)]!
const turns = (n: number) =>
  Effect.promise(async () => {
    for (let i = 0; i < n; i++) await new Promise((done) => setImmediate(done))
  })

const encoder = new TextEncoder()
const block = "0123456789".repeat(4000)

// ---- the app, with one path for each kind of response

const counts = { begun: 0, over: 0 }
const app = Effect.gen(function* () {
  yield* Effect.acquireRelease(
    Effect.sync(() => counts.begun++),
    () => Effect.sync(() => counts.over++)
  )
  const request = yield* HttpServerRequest.HttpServerRequest
  const [, path, id = ""] = request.url.split("/")
  const options = { headers: { "x-id": id } }
  switch (path) {
    case "text":
      return HttpServerResponse.text(`<${id}>`, options)
    case "slow":
      yield* turns(1 + (Number(id) % 4))
      return HttpServerResponse.text(`<${id}>`, options)
    case "large":
      return HttpServerResponse.text(`<${id}>${block}`, options)
    case "stream":
      return HttpServerResponse.stream(
        Stream.map(Stream.make("<", id, ">"), (part) => encoder.encode(part)),
        options
      )
    case "paced":
      return HttpServerResponse.stream(
        Stream.mapEffect(Stream.make("<", id, ">"), (part) => Effect.as(turns(1), encoder.encode(part))),
        options
      )
    case "read":
      return HttpServerResponse.text(`<${id}>${(yield* request.text).length}`, options)
    case "echo":
      return HttpServerResponse.stream(request.stream, options)
    case "half":
      yield* Stream.runDrain(Stream.take(request.stream, 1))
      return HttpServerResponse.text(`<${id}>`, options)
    case "empty":
      return HttpServerResponse.empty({ status: 204, ...options })
    case "fail":
      return yield* Effect.fail("a failure")
    case "die":
      return yield* Effect.die("a defect")
    default:
      return HttpServerResponse.empty({ status: 404, ...options })
  }
})

// ---- the requests of a conversation

interface Sent {
  readonly method: string
  readonly id: string
  readonly path: string
  readonly body: string
  /** Whether the request has `Expect: 100-continue`. */
  readonly expects: boolean
}

const quiet = ["text", "slow", "large", "stream", "paced", "empty", "fail", "die", "none"]
const loud = ["read", "echo", "half", "text", "slow", "paced", "empty", "fail"]

const makeRequest = (random: Random, id: string, isLast: boolean) => {
  const hasBody = random() < 0.5
  const method = hasBody ? "POST" : pick(random, ["GET", "GET", "HEAD", "OPTIONS"])
  const path = pick(random, hasBody ? loud : quiet)
  const body = hasBody
    ? pick(random, ["", "a", "hello", block.slice(0, below(random, block.length)), block.repeat(4)])
    : ""
  const fields = [`Host: fuzz`, ...(isLast ? ["Connection: close"] : [])]
  if (random() < 0.2) fields.push("X-Long: " + "y".repeat(below(random, 500)))
  if (random() < 0.1) fields.push("Upgrade: other", ...(isLast ? [] : ["Connection: upgrade"]))
  const expects = hasBody && random() < 0.2
  if (expects) fields.push("Expect: 100-continue")
  let framed = body
  if (hasBody && random() < 0.5) {
    fields.push("Transfer-Encoding: chunked")
    framed = ""
    for (let at = 0; at < body.length;) {
      const size = 1 + below(random, body.length - at)
      framed += `${size.toString(16)}${random() < 0.2 ? ";x=y" : ""}\r\n${body.slice(at, at + size)}\r\n`
      at += size
    }
    framed += `0\r\n${random() < 0.3 ? "X-Trailer: t\r\n" : ""}\r\n`
  } else if (hasBody) fields.push(`Content-Length: ${body.length}`)
  const text = `${method} /${path}/${id} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n${framed}`
  return { text, sent: { method, id, path, body, expects } satisfies Sent }
}

const spoil = (random: Random, text: string): string => {
  const at = below(random, text.length)
  const noise = String.fromCharCode(...Array.from({ length: 1 + below(random, 4) }, () => below(random, 256)))
  switch (below(random, 4)) {
    case 0:
      return text.slice(0, at) + noise + text.slice(at)
    case 1:
      return text.slice(0, at) + noise + text.slice(at + noise.length)
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + below(random, 10))
    default:
      return (
        text.slice(0, at) + pick(random, ["\r", "\n", "\r\n\r\n", ":", " ", "0\r\n\r\n"]) + text.slice(at)
      )
  }
}

// ---- parsing and checking the responses

interface Answer {
  readonly status: number
  readonly id: string | undefined
  body: string
  complete: boolean
}

const answersIn = (received: string, sent: ReadonlyArray<Sent>, ended: boolean) => {
  const answers: Array<Answer> = []
  const parser = new ResponseParser({
    head: (head) => {
      if (head.status < 200) return Body.Read
      const request = sent[answers.length]
      answers.push({ status: head.status, id: head.get("x-id"), body: "", complete: false })
      return request?.method === "HEAD" ? Body.Skip : Body.Read
    },
    data: (slice) => {
      for (const byte of slice) answers.at(-1)!.body += String.fromCharCode(byte)
    },
    complete: () => {
      const answer = answers.at(-1)
      if (answer !== undefined) answer.complete = true
    }
  })
  parser.execute(Uint8Array.from(received, (character) => character.charCodeAt(0)))
  const refusal = parser.refusal ?? (ended && !parser.inMessage ? parser.finish() : undefined)
  return { answers, refusal }
}

const expected = ({ body, id, method, path }: Sent): readonly [number, string] => {
  const text = (all: string) => (method === "HEAD" ? "" : all)
  switch (path) {
    case "none":
      return [404, ""]
    case "empty":
      return [204, ""]
    case "fail":
    case "die":
      return [500, ""]
    case "large":
      return [200, text(`<${id}>${block}`)]
    case "read":
      return [200, `<${id}>${body.length}`]
    case "echo":
      return [200, body]
    default:
      return [200, text(`<${id}>`)]
  }
}

const converse = (start: number) =>
  Effect.gen(function* () {
    const random = randomOf(start)
    const made = Array.from({ length: 1 + below(random, 6) }).map((_, i, all) =>
      makeRequest(random, String(i), i === all.length - 1)
    )
    const sent = made.map(({ sent }) => sent)
    let text = made.map(({ text }) => text).join("")
    const spoilt = random() < 0.35
    if (spoilt) text = spoil(random, text)
    const end = random() < 0.3 ? pick(random, ["FIN", "RST"] as const) : undefined
    if (end !== undefined) text = text.slice(0, below(random, text.length + 1))

    const raw = yield* connect
    const slow = random() < 0.3
    if (slow) yield* raw.pause
    const pieces = below(random, 8)
    for (let i = 0, at = 0; i <= pieces && at < text.length; i++) {
      const to = i === pieces ? text.length : at + below(random, text.length - at + 1)
      raw.transport.write(text.slice(at, to))
      at = to
      if (random() < 0.5) yield* turns(1)
    }
    if (end === "RST") yield* raw.reset
    if (end === "FIN") yield* raw.end
    yield* turns(below(random, 4))
    if (slow) yield* raw.resume

    const whole = !spoilt && end === undefined
    if (whole) {
      for (let i = 0; i < 5_000 && raw.state() === "open"; i++) yield* turns(1)
      if (raw.state() === "open") throw new Error(`no end of the answers:\n${raw.received().slice(0, 2000)}`)
    } else yield* turns(30)
    const ended = (yield* Effect.either(raw.expectFin))._tag === "Right"
    const { answers, refusal } = answersIn(raw.received(), sent, ended)
    const story = () => `seed ${start}\n${text.slice(0, 3000)}\n---\n${raw.received().slice(0, 3000)}`
    if (!spoilt) expect(refusal, story()).toBeUndefined()
    if (whole) expect(answers.length, story()).toBe(sentBeforeClose(sent, answers))
    let before = -1
    for (const [i, answer] of answers.entries()) {
      // If the target was cut before its number, the id is empty. `Number("")` would give 0.
      const id = answer.id === "" ? NaN : Number(answer.id ?? before + 1)
      if (spoilt) {
        // Malformed bytes may have merged or split requests, but the responses must keep the order.
        if (Number.isNaN(id)) continue
        if (answer.id !== undefined) expect(id, story()).toBeGreaterThanOrEqual(before)
        before = id
        continue
      }
      const request = sent[i]!
      if (answer.status === 400 && end === "FIN") continue
      const [status, body] = expected(request)
      expect([answer.status, answer.id ?? request.id], story()).toEqual([status, request.id])
      if (answer.complete) expect(answer.body === body, story()).toBe(true)
      else expect(body.startsWith(answer.body), story()).toBe(true)
    }
    return { spoilt, whole, answers: answers.length }
  }).pipe(Effect.scoped)

// If a response is complete before a large upload, or before an upload that waits for 100, the server closes
// the connection. Later requests then get no response.
const sentBeforeClose = (sent: ReadonlyArray<Sent>, answers: ReadonlyArray<Answer>): number => {
  const at = answers.length - 1
  const early = sent[at]
  const mayClose =
    early !== undefined &&
    (early.body.length > 0 || early.expects) &&
    early.path !== "read" &&
    early.path !== "echo"
  return mayClose ? answers.length : sent.length
}

it.live.each([
  ["memory", MemoryNetwork.layer(), runs],
  ["node", NodeNetwork.layer, Math.ceil(runs / 4)]
] as const)(
  `random conversations over %s (HTTPFX_FUZZ_SEED=${seed})`,
  ([, network, runs]) =>
    servedOn(network)(
      app,
      Effect.gen(function* () {
        const from = { ...counts }
        const results = yield* Effect.forEach(
          Array.from({ length: runs }, (_, i) => seed + i),
          converse,
          { concurrency: 8 }
        )
        yield* turns(50)
        for (let i = 0; i < 1000 && counts.begun !== counts.over; i++) yield* turns(1)
        expect(counts.over - from.over).toBe(counts.begun - from.begun)
        // Enough conversations must have been valid and enough malformed, or the checks would prove nothing.
        expect(results.filter(({ whole }) => whole).length).toBeGreaterThan(runs / 4)
        expect(results.filter(({ spoilt }) => spoilt).length).toBeGreaterThan(runs / 8)
        expect(results.reduce((sum, { answers }) => sum + answers, 0)).toBeGreaterThan(runs)
      }),
      { gracefulShutdownTimeout: "2 seconds" }
    ),
  120_000
)
