/**
 * One round of the long run: a hostile server and a client with limits, both in memory and in virtual time.
 *
 * Numbers from the seed determine the server's behaviour for each request. The callers check the results.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { Agent, type AgentEvent, Client, Network, Timers, type Transport } from "@httpfx/core"
import { MemoryNetwork, Simulation } from "@httpfx/testing"

export interface Round {
  readonly seed: number
  readonly requests: number
}

export interface Outcome {
  /** Number of exchanges by outcome: `answered`, or the tag of an error. */
  readonly exits: ReadonlyMap<string, number>
  readonly closings: ReadonlyMap<AgentEvent.ClientCloseReason, number>
  readonly connections: number
}

const head = (status: number, fields: string) => `HTTP/1.1 ${status} X\r\n${fields}\r\n`
const framed = (body: string, fields = "") => head(200, `Content-Length: ${body.length}\r\n${fields}`) + body
const chunked = (body: string) =>
  head(200, "Transfer-Encoding: chunked\r\n") + `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

/**
 * The way in which a server handles a request whose response body should be `body`. `later` calls `act` after
 * some time.
 */
type Behaviour = (
  transport: Transport.Transport,
  body: string,
  later: (millis: number, act: () => void) => void
) => void

// The server uses the first behaviours for most requests.
const kind: Behaviour = (t, body) => void t.write(framed(body))
const behaviours: ReadonlyArray<Behaviour> = [
  (t, body) => void t.write(chunked(body)),
  (t, body) => void t.write(framed(body, "Keep-Alive: timeout=2\r\n")),
  (t, body) => void t.write(framed(body, "Keep-Alive: timeout=1\r\n")),
  (t, body) => void t.write(head(103, "") + framed(body)),
  (t, body, later) => later(700, () => t.write(framed(body))),
  (t, body, later) => {
    t.write(head(200, `Content-Length: ${body.length}\r\n`) + body.slice(0, 3))
    later(300, () => t.write(body.slice(3)))
  },
  // These behaviours respond and close, with and without announcement, at once and when the connection is
  // reused.
  (t, body) => {
    t.write(framed(body, "Connection: close\r\n"))
    t.end()
  },
  (t, body) => {
    t.write(framed(body))
    t.end()
  },
  (t, body, later) => {
    t.write(framed(body))
    later(1, () => t.reset())
  },
  (t, body) => {
    t.write(head(200, "") + body)
    t.end()
  },
  // These behaviours break off the connection or the response, by RST or FIN.
  (t) => t.reset(),
  (t) => t.end(),
  (t) => {
    t.write("HTTP/1.1 200 O")
    t.reset()
  },
  (t, body, later) => {
    t.write(head(200, `Content-Length: ${body.length + 1}\r\n`) + body)
    later(1, () => t.end())
  },
  (t, body, later) => {
    t.write(head(200, "Transfer-Encoding: chunked\r\n") + `ff\r\n${body}`)
    later(1, () => t.reset())
  },
  // This behaviour stays silent.
  () => {},
  (t, body) => void t.write(head(200, `Content-Length: ${body.length + 1}\r\n`) + body),
  // These behaviours send garbage.
  (t) => void t.write("SSH-2.0-OpenSSH_9.6\r\n"),
  (t, body) => void t.write(head(200, "Content-Length: 1\r\nContent-Length: 2\r\n") + body),
  (t, body) => void t.write(framed(body) + framed("again")),
  // This behaviour sends more than the client reads.
  (t) => void t.write(head(200, "Content-Length: 300000\r\n") + "x".repeat(300_000))
]

const serve =
  (random: () => number, later: (millis: number, act: () => void) => void) =>
  (transport: Transport.Transport): void => {
    let text = ""
    transport.start({
      data: (chunk) => {
        for (const byte of chunk) text += String.fromCharCode(byte)
        for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
          const path = text.slice(text.indexOf("/"), text.indexOf(" HTTP/"))
          const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0)
          if (text.length < end + 4 + length) return
          text = text.slice(end + 4 + length)
          const behave = random() < 0.7 ? kind : behaviours[Math.floor(random() * behaviours.length)]!
          behave(transport, `you asked for ${path}`, later)
        }
      },
      end: () => transport.end(),
      drain: () => {},
      error: () => {},
      close: () => {}
    })
  }

const fail = (message: string) => Effect.die(new Error(message))

/** Sends one request. Returns its outcome. */
const ask = (client: Client.Service, port: number, number: number): Effect.Effect<string, never> =>
  Effect.gen(function* () {
    const chance = yield* Random.next
    const path = `/${number}`
    const url = `http://10.0.0.1:${port}${path}`
    const post = chance < 0.2
    const request: Client.Request = {
      url,
      method: post ? "POST" : "GET",
      ...(post && { body: "x".repeat(Math.floor(chance * 100)) }),
      ...(chance > 0.98 && { agent: false as const })
    }
    // Stops reading the body after its first piece, never reads it, or reads all of it.
    const read = (response: Client.Response): Effect.Effect<string | undefined, Client.BodyError> => {
      if (chance > 0.97) return Effect.as(Stream.runHead(response.body), undefined)
      return chance > 0.95 ? Effect.succeed(undefined) : response.text
    }
    const exchange = Effect.flatMap(client.request(request), read)
    // Some requests are interrupted while they wait.
    const limited =
      chance > 0.5 && chance < 0.55 ? Effect.timeoutOption(exchange, chance * 20) : Effect.asSome(exchange)
    const exit = yield* Effect.exit(limited)
    if (Exit.isSuccess(exit)) {
      if (exit.value._tag === "None") return "went away"
      const text = exit.value.value
      if (text === undefined) return "not read"
      if (text.startsWith("x")) return "answered at length"
      return text === `you asked for ${path}` ? "answered" : yield* fail(`${path} was answered "${text}"`)
    }
    const failure = Cause.failureOption(exit.cause)
    if (failure._tag === "None") return yield* fail(`${path} died: ${Cause.pretty(exit.cause)}`)
    const error = failure.value
    if (!(error instanceof Error) || !("_tag" in error) || !("code" in error))
      return yield* fail(`untyped: ${String(error)}`)
    return `${error._tag} (${error.code})`
  })

const round = ({
  requests
}: Round): Effect.Effect<
  Outcome,
  never,
  Network.Network | MemoryNetwork.MemoryNetwork | Simulation.Simulation
> =>
  Effect.gen(function* () {
    const { clock } = yield* Simulation.Simulation
    const exits = new Map<string, number>()
    let connections = 0
    const agent = yield* Effect.scoped(
      Effect.gen(function* () {
        const random = Math.random
        const later = (millis: number, act: () => void) => void timers.at(timers.now() + millis, act)
        const timers = yield* Effect.map(Effect.clock, (clock) => Timers.fromClock(clock))
        const answer = serve(random, later)
        const listener = yield* Effect.orDie(
          Network.listen({ port: 0, host: "10.0.0.1" }, (transport) => {
            connections++
            answer(transport)
          })
        )
        const port = (listener.address as Transport.TcpAddress).port
        const agent = yield* Effect.orDie(
          Agent.make({
            maxSockets: 16,
            maxFreeSockets: 8,
            maxAge: "20 seconds",
            idleTimeout: 500
          })
        )
        const client = yield* Effect.orDie(
          Client.fromAgent(agent, {
            timeouts: { queue: "10 seconds", head: 400, body: 400, total: "15 seconds" },
            unreadTimeout: 300
          })
        )
        yield* Effect.forEach(
          Array.from({ length: requests }, (_, number) => number),
          (number) =>
            Effect.map(ask(client, port, number), (exit) => exits.set(exit, (exits.get(exit) ?? 0) + 1)),
          { concurrency: 48, discard: true }
        )
        // Connections with unread bodies may still be open, so wait until they are closed.
        yield* Effect.sleep("5 seconds")
        const state = yield* agent.state
        if (state.open > 0 || state.queued > 0 || state.connecting > 0 || state.keys.size > 0)
          yield* fail(`left: ${JSON.stringify({ ...state, keys: Array.from(state.keys) })}`)
        return agent
      })
    )
    const left = yield* MemoryNetwork.connections
    if (left.length > 0) yield* fail(`${left.length} connections are left`)
    if (clock.size > 0) yield* fail(`${clock.size} timers are left`)
    const { closed } = yield* agent.state
    return { exits, closings: closed, connections }
  })

/** Runs a round. Dies if a rule is violated. */
export const soak = (options: Round): Effect.Effect<Outcome, Simulation.SimulationFailed> =>
  Simulation.run(
    { seed: options.seed, maxTime: "10 days", maxSteps: Infinity },
    Effect.provide(round(options), MemoryNetwork.layer())
  )
