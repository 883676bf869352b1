/**
 * Random conversations of a client. Servers respond correctly, wrongly, early, in pieces or with surplus
 * bytes, or die at any byte. Readers read, wait, leave or are interrupted. Each request must end with its own
 * response or a typed error, each body must be complete or fail, and no connection may be left.
 * `HTTPFX_FUZZ_SEED` repeats a run, and `HTTPFX_FUZZ_RUNS` makes it longer.
 */
import { expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { PCGRandom } from "effect/Utils"
import { Client, Network, type Transport } from "@httpfx/core"
import { Body, RequestParser } from "@httpfx/core/wire"
import { NodeNetwork } from "@httpfx/node"
import { MemoryNetwork } from "@httpfx/testing"

const seed = Number(process.env["HTTPFX_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env["HTTPFX_FUZZ_RUNS"] ?? 200)

type Random = () => number
const randomOf = (start: number): Random => {
  const generator = new PCGRandom(start)
  return () => generator.number()
}
const below = (random: Random, n: number) => Math.floor(random() * n)
const pick = <A>(random: Random, all: ReadonlyArray<A>): A => all[below(random, all.length)]!
const wait = async (n: number) => {
  for (let i = 0; i < n; i++) await new Promise((done) => setImmediate(done))
}
const turns = (n: number) => Effect.promise(() => wait(n))

// ---- the server's actions for a request

const kinds = [
  "length",
  "length",
  "length",
  "chunked",
  "chunked",
  "untilClose",
  "last",
  "empty",
  "unchanged",
  "informed",
  "switched",
  "garbage",
  "surplus",
  "cut",
  "cut",
  "silent",
  "early",
  "dies"
] as const
type Kind = (typeof kinds)[number]

interface Plan {
  readonly id: string
  readonly kind: Kind
  readonly method: string
  readonly body: string
  readonly upload: "none" | "bytes" | "stream" | "failing"
  readonly reader: "text" | "stream" | "half" | "nobody" | "late"
  readonly interruptAt: number | undefined
}

const filler = "0123456789".repeat(20_000)

const planOf = (random: Random, id: string): Plan => {
  const method = pick(random, ["GET", "GET", "HEAD", "POST", "PUT"])
  const upload =
    method === "POST" || method === "PUT"
      ? pick(random, ["none", "bytes", "stream", "stream", "failing"] as const)
      : "none"
  const kind = pick(random, kinds)
  const size = kind === "surplus" ? 10 : pick(random, [0, 10, 1_000, 70_000, 200_000])
  return {
    id,
    kind,
    method,
    body: `<${id}>${filler.slice(0, size)}`,
    upload,
    reader: pick(random, ["text", "text", "stream", "stream", "half", "nobody", "late"]),
    interruptAt: random() < 0.25 ? below(random, 25) : undefined
  }
}

const chunkedBody = (random: Random, body: string): string => {
  let text = ""
  for (let at = 0; at < body.length;) {
    const size = 1 + below(random, body.length - at)
    text += `${size.toString(16)}\r\n${body.slice(at, at + size)}\r\n`
    at += size
  }
  return `${text}0\r\n\r\n`
}

type End = "FIN" | "RST" | undefined

/** Returns the bytes of a response, and the way in which the connection ends afterwards. */
const answerTo = (random: Random, plan: Plan, method: string): readonly [string, End] => {
  const { body, id } = plan
  const shown = method === "HEAD" ? "" : body
  const head = (fields: string, status = "200 OK") => `HTTP/1.1 ${status}\r\nX-Id: ${id}\r\n${fields}\r\n`
  const whole = head(`Content-Length: ${body.length}\r\n`) + shown
  switch (plan.kind) {
    case "chunked":
      return [
        head("Transfer-Encoding: chunked\r\n") + (shown === "" ? "" : chunkedBody(random, shown)),
        undefined
      ]
    case "untilClose":
      return [head("") + shown, "FIN"]
    case "last":
      return [head(`Content-Length: ${body.length}\r\nConnection: close\r\n`) + shown, "FIN"]
    case "empty":
      return [head("", "204 No Content"), undefined]
    case "unchanged":
      return [head(`Content-Length: ${body.length}\r\n`, "304 Not Modified"), undefined]
    case "informed":
      return [head("", "103 Early Hints").repeat(1 + below(random, 5)) + whole, undefined]
    case "switched":
      return [head("Upgrade: other\r\nConnection: upgrade\r\n", "101 Switching Protocols"), undefined]
    case "garbage": {
      const at = below(random, whole.length - shown.length)
      return [whole.slice(0, at) + "\u0000\r\r" + whole.slice(at), "FIN"]
    }
    case "surplus":
      return [whole + "HTTP/1.1 200 OK\r\nX-Id: poison\r\nContent-Length: 0\r\n\r\n", undefined]
    case "cut":
      return [whole.slice(0, below(random, whole.length)), pick(random, ["FIN", "RST"])]
    case "silent":
      return ["", pick(random, ["FIN", "RST"])]
    default:
      return [whole, undefined]
  }
}

interface Seen {
  readonly id: string
  readonly streamed: boolean
}

/** Serves one connection. Responds to each request as its plan says, and sends nothing after the end. */
const serve = (
  random: Random,
  plans: ReadonlyMap<string, Plan>,
  seen: Array<Seen>,
  transport: Transport.Transport
) => {
  let over = false
  let turn = Promise.resolve()
  let current: { plan: Plan; method: string; answered: boolean } | undefined
  const say = async (text: string, end: End) => {
    const pieces = below(random, 4)
    for (let i = 0, at = 0; i <= pieces && at < text.length && !over; i++) {
      const to =
        i === pieces || text.includes("poison") ? text.length : at + below(random, text.length - at + 1)
      transport.write(text.slice(at, to))
      at = to
      if (random() < 0.5) await wait(1 + below(random, 3))
    }
    if (end === undefined || over) return
    over = true
    if (random() < 0.5) await wait(2)
    if (end === "FIN") transport.end()
    else transport.reset()
    // Reset the connection if the client has not closed its side after 200 ms.
    await wait(200)
    transport.reset()
  }
  const answer = () => {
    if (current === undefined || current.answered) return
    current.answered = true
    const { method, plan } = current
    const [text, end] = answerTo(random, plan, method)
    turn = turn.then(() => say(text, end))
  }
  const parser = new RequestParser({
    head: (head) => {
      const id = head.target.slice(1)
      const plan = plans.get(id)!
      seen.push({ id, streamed: head.chunked })
      current = { plan, method: head.method, answered: false }
      if (plan.kind === "dies") {
        over = true
        transport.reset()
      }
      if (plan.kind === "early") answer()
      return Body.Read
    },
    data: () => {},
    complete: answer
  })
  transport.start({
    data: (chunk) => {
      if (!over) parser.execute(chunk)
      // Requests arrive one after the other, because clients do not pipeline. The parser must accept all of
      // them.
      if (parser.refusal !== undefined) throw new Error(`the client sent ${parser.refusal.reason}`)
    },
    end: () => {
      over = true
      transport.end()
    },
    drain: () => {},
    error: () => {},
    close: () => {
      over = true
    }
  })
  // If the upload hangs, the response never becomes due. Then reset the connection after 400 ms.
  void wait(400).then(() => transport.reset())
}

// ---- the client's view

const uploadOf = (plan: Plan): Client.Request<string>["body"] => {
  const piece = new Uint8Array(1_000)
  switch (plan.upload) {
    case "none":
      return undefined
    case "bytes":
      return new Uint8Array(plan.body.length)
    case "stream":
      return Stream.mapEffect(Stream.range(1, 5), (i) =>
        Effect.as(i % 2 === 0 ? turns(1) : Effect.void, piece)
      )
    case "failing":
      return Stream.concat(Stream.make(piece), Stream.fail("the upload failed"))
  }
}

type Outcome = { readonly id: string | undefined; readonly body: string | undefined }

const ask = (client: Client.Service, url: string, plan: Plan, random: Random) =>
  Effect.gen(function* () {
    const body = uploadOf(plan)
    const response = yield* client.request<string>({ url: `${url}/${plan.id}`, method: plan.method, body })
    const outcome = (body: string | undefined): Outcome => ({ id: response.header("x-id"), body })
    switch (plan.reader) {
      case "late":
        yield* turns(below(random, 10))
        return outcome(yield* response.text)
      case "text":
        return outcome(yield* response.text)
      case "stream": {
        const decoder = new TextDecoder("latin1")
        return outcome(
          yield* Stream.runFold(response.body, "", (text, bytes) => text + decoder.decode(bytes))
        )
      }
      case "half":
        yield* Stream.runDrain(Stream.take(response.body, 1))
        return outcome(undefined)
      case "nobody":
        return outcome(undefined)
    }
  })

const expectedBody = (plan: Plan): string =>
  plan.method === "HEAD" || plan.kind === "empty" || plan.kind === "unchanged" ? "" : plan.body

/** Checks the result of a request. Returns `true` if the request got a complete response. */
const check = (
  plan: Plan,
  exit: Exit.Exit<Outcome, Client.RequestError | string>,
  story: string
): boolean => {
  if (Exit.isSuccess(exit)) {
    const { body, id } = exit.value
    expect(id, story).toBe(plan.id)
    if (body !== undefined && plan.kind !== "garbage") expect(body === expectedBody(plan), story).toBe(true)
    return body !== undefined
  }
  expect([...Cause.defects(exit.cause)], story).toEqual([])
  if (Cause.isInterrupted(exit.cause)) {
    expect(plan.interruptAt, story).toBeDefined()
    return false
  }
  const failure = Cause.failureOption(exit.cause)
  const error = failure._tag === "Some" ? failure.value : undefined
  if (typeof error === "string") expect(plan.upload, story).toBe("failing")
  else expect(error?._tag, story).toBeTypeOf("string")
  return false
}

const converse = (start: number) =>
  Effect.gen(function* () {
    const random = randomOf(start)
    const plans = Array.from({ length: 1 + below(random, 8) }, (_, i) => planOf(random, String(i)))
    const byId = new Map(plans.map((plan) => [plan.id, plan]))
    const seen: Array<Seen> = []
    const ends: Array<Transport.Transport> = []
    const listener = yield* Effect.orDie(
      Network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
        ends.push(transport)
        serve(random, byId, seen, transport)
      })
    )
    const url = `http://127.0.0.1:${(listener.address as Transport.TcpAddress).port}`
    const scope = yield* Scope.make()
    const client = yield* Scope.extend(Client.make(), scope)
    const story = `seed ${start}\n${plans.map((plan) => JSON.stringify({ ...plan, body: plan.body.length })).join("\n")}`
    const yielding = pick(random, [20, 31, 2_048])

    let whole = 0
    const one = (plan: Plan) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(
          Effect.withMaxOpsBeforeYield(ask(client, url, plan, random), yielding)
        )
        if (plan.interruptAt !== undefined) {
          if (random() < 0.5) yield* turns(plan.interruptAt)
          else for (let i = 0; i < plan.interruptAt; i++) yield* Effect.yieldNow()
          yield* Fiber.interrupt(fiber)
        }
        if (check(plan, yield* Fiber.await(fiber), story)) whole++
        if (random() < 0.5) yield* turns(2)
      })
    yield* Effect.forEach(plans, one, { concurrency: pick(random, [1, 2, 8]), discard: true }).pipe(
      Effect.timeoutFail({ duration: "20 seconds", onTimeout: () => new Error(`it hangs: ${story}`) })
    )

    // A request is sent at most twice, and only once if it must not be resent.
    for (const plan of plans) {
      const times = seen.filter(({ id }) => id === plan.id).length
      const repeatable = plan.method !== "POST" && plan.upload !== "stream" && plan.upload !== "failing"
      expect(times, story).toBeLessThanOrEqual(repeatable ? 2 : 1)
    }
    // Besides idle connections, only those with an unread body or an interrupted reader may be open.
    const unread = plans.filter(
      ({ interruptAt, reader }) => reader === "nobody" || interruptAt !== undefined
    ).length
    for (let i = 0; i < 300; i++) {
      const { idle, open } = yield* client.connections
      if (open - idle <= unread) break
      yield* turns(1)
    }
    const { connecting, idle, open } = yield* client.connections
    expect(connecting, story).toBe(0)
    expect(open - idle, story).toBeLessThanOrEqual(unread)
    yield* Scope.close(scope, Exit.void)
    expect(yield* client.connections, story).toEqual({ open: 0, idle: 0, connecting: 0 })
    for (let i = 0; i < 300 && ends.some((end) => end.writable); i++) yield* turns(1)
    expect(ends.filter((end) => end.writable).length, story).toBe(0)
    return { whole, requests: plans.length }
  }).pipe(Effect.scoped)

it.live.each([
  ["memory", MemoryNetwork.layer(), runs],
  ["node", NodeNetwork.layer, Math.ceil(runs / 4)]
] as const)(
  `random servers over %s (HTTPFX_FUZZ_SEED=${seed})`,
  ([, network, runs]) =>
    Effect.gen(function* () {
      const results = yield* Effect.forEach(
        Array.from({ length: runs }, (_, i) => seed + i),
        converse,
        { concurrency: 8 }
      )
      const sum = (of: (result: (typeof results)[number]) => number) =>
        results.reduce((total, result) => total + of(result), 0)
      // Enough requests must have been made and have succeeded, or the checks above would prove nothing.
      expect(sum(({ requests }) => requests)).toBeGreaterThan(runs * 3)
      expect(sum(({ whole }) => whole)).toBeGreaterThan(runs)
    }).pipe(Effect.provide(network as Layer.Layer<Network.Network>)),
  120_000
)

// A regression: the reader's fiber yielded between its check and its wait, and the bytes that arrived then
// did not wake the fiber.
it.live("a server whose last bytes arrive between the reader's check and its wait", () =>
  Effect.provide(converse(794498138), MemoryNetwork.layer())
)
