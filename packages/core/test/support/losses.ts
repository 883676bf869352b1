/**
 * Situations in which a connection is lost, from before its creation until the last byte, on a network with
 * latency. Each situation has the expected error or response.
 */
import { assert } from "vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Agent, Client, Network, Timers, type Transport } from "@httpfx/core"
import { Fault, MemoryNetwork, Simulation } from "@httpfx/testing"
import { ok } from "./withClient.js"

/** One-way latency of the network, ms. */
const latency = 10

/** The server's end of a connection, as a situation uses it. */
export interface Served {
  readonly transport: Transport.Transport
  readonly send: (text: string) => void
  readonly end: () => void
  readonly reset: () => void
  /** Calls `act` after 50 ms, when earlier output has arrived. */
  readonly later: (act: () => void) => void
}

export interface Situation {
  /** Whether the connection has served another request before. */
  readonly reused?: boolean
  readonly request?: Partial<Client.Request>
  readonly agent?: Agent.Options
  /** Runs before the request. If `reused` is set, it runs after the earlier exchange. */
  readonly before?: Effect.Effect<unknown, never, MemoryNetwork.MemoryNetwork | Scope.Scope | World>
  /** Runs while the request waits for its response. */
  readonly meanwhile?: Effect.Effect<unknown, never, World>
  readonly accepted?: (served: Served) => void
  /** Called when the request head has arrived. Default: the server responds. */
  readonly asked?: (served: Served) => void
  /** The expected facts of the error, or of the response and its text. */
  readonly told: Readonly<Record<string, unknown>>
  /** The expected numbers of connections, and of request heads that the server received. */
  readonly connections?: number
  readonly seen?: number
}

export class World extends Effect.Tag("World")<
  World,
  {
    readonly client: Client.Service
    readonly closeAgent: Effect.Effect<void>
    /** Starts another request, which occupies the only connection. */
    readonly other: Effect.Effect<void>
    readonly latest: () => Served
  }
>() {}

const url = "http://api.test/it"

interface Counts {
  connections: number
  seen: number
  latest?: Served
}

const server = (situation: Situation, counts: Counts, timers: Timers.Timers) =>
  Network.listen({ host: "api.test", port: 80 }, (transport) => {
    counts.connections++
    const served: Served = {
      transport,
      send: (text) => void transport.write(text),
      end: () => transport.end(),
      reset: () => transport.reset(),
      later: (act) => void timers.at(timers.now() + 5 * latency, act)
    }
    counts.latest = served
    let text = ""
    transport.start({
      data: (chunk) => {
        for (const byte of chunk) text += String.fromCharCode(byte)
        for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
          const head = text.slice(0, end)
          text = text.slice(end + 4)
          if (/ \/first /.test(head)) served.send(ok("first"))
          else if (/ \/it /.test(head)) {
            counts.seen++
            ;(situation.asked ?? answer)(served)
          }
        }
      },
      end: () => transport.end(),
      drain: () => {},
      error: () => {},
      close: () => {}
    })
    situation.accepted?.(served)
  })

const answer = (served: Served) => served.send(ok("answered"))
const fin = (served: Served) => served.end()
const rst = (served: Served) => served.reset()
const says =
  (text: string, end: (served: Served) => void) =>
  (served: Served): void => {
    served.send(text)
    served.later(() => end(served))
  }
const answers = (text: string) => says(text, () => {})
/** Ends the latest connection at the server. The client notices the end one latency later. */
const crosses = (end: (served: Served) => void) => Effect.map(World.latest(), (served) => end(served))

/** An observer of the client: of its network, its agent, and the result of its request. */
export interface Witness {
  readonly network: (network: Network.Service) => Network.Service
  readonly agent: (agent: Agent.Service) => Effect.Effect<void, never, Scope.Scope>
  readonly told: (result: unknown) => void
}

const check = (situation: Situation, witness?: Witness) =>
  Effect.gen(function* () {
    const counts: Counts = { connections: 0, seen: 0 }
    yield* Effect.orDie(server(situation, counts, yield* Timers.timers))
    const scope = yield* Scope.make()
    const network = yield* Network.Network
    const agent = yield* Agent.make(situation.agent).pipe(
      Effect.provideService(Network.Network, witness?.network(network) ?? network),
      Scope.extend(scope)
    )
    yield* witness?.agent(agent) ?? Effect.void
    const client = yield* Client.fromAgent(agent)
    const ask = (request: Client.Request) =>
      Effect.flatMap(client.request(request), (response) =>
        Effect.map(response.text, (text) => ({ text, reused: response.reused, resent: response.resent }))
      )
    const world = {
      client,
      closeAgent: Scope.close(scope, Exit.void),
      other: Effect.fork(Effect.exit(ask({ url: "http://api.test/other" }))).pipe(
        Effect.zipRight(Effect.sleep(100))
      ),
      latest: () => counts.latest as Served
    }
    yield* Effect.gen(function* () {
      if (situation.reused === true) {
        yield* ask({ url: "http://api.test/first" })
        // Let time pass, so that the next request is written at another time than the first.
        yield* Effect.sleep(50)
      }
      yield* situation.before ?? Effect.void
      const fiber = yield* Effect.fork(Effect.either(ask({ url, ...situation.request })))
      yield* Effect.sleep(40)
      yield* situation.meanwhile ?? Effect.void
      const result = yield* fiber
      witness?.told(result._tag === "Left" ? result.left : result.right)
      assert.deepInclude(result._tag === "Left" ? result.left : result.right, situation.told as object)
      assert.deepStrictEqual(
        [counts.connections, counts.seen],
        [situation.connections ?? 1, situation.seen ?? 1]
      )
      yield* Effect.sleep("10 seconds")
      assert.deepInclude(yield* agent.state, { open: 0, idle: 0, connecting: 0, queued: 0 })
    }).pipe(Effect.provideService(World, world))
    yield* world.closeAgent
    assert.deepStrictEqual(yield* MemoryNetwork.connections, [])
  })

export const run = (situation: Situation, witness?: (timers: Timers.Timers) => Witness) =>
  Effect.runPromise(
    Simulation.run(
      { seed: 1, report: () => {} },
      Effect.flatMap(Timers.timers, (timers) => check(situation, witness?.(timers))).pipe(
        Effect.scoped,
        Effect.provide(
          MemoryNetwork.layer({ latency, hosts: { "api.test": "10.0.0.1", "closed.test": "10.0.0.2" } })
        )
      )
    )
  )

const post = { method: "POST", body: "abc" }
const slowly = Stream.concat(
  Stream.make(new Uint8Array([97])),
  Stream.fromEffect(Effect.delay(Effect.succeed(new Uint8Array([98])), 1_000))
)
const upload = { method: "PUT", body: slowly }
const unwritten = { written: "none", received: 0, reused: false }
const lost = { reused: false, written: "all", received: 0, address: "10.0.0.1:80", phase: "head" }
const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
const limits = { queue: 500, connect: 500 }
const again = { text: "answered", reused: false, resent: 1 }

export const situations: Readonly<Record<string, Readonly<Record<string, Situation>>>> = {
  "while queued": {
    "the connection in use is lost: a new one serves": {
      agent: { maxSockets: 1 },
      before: World.other,
      meanwhile: crosses(rst),
      told: { text: "answered", reused: false, resent: 0 },
      connections: 2
    },
    "no connection becomes free in time": {
      agent: { maxSockets: 1 },
      before: World.other,
      request: { timeouts: limits },
      meanwhile: Effect.zipRight(Effect.sleep(600), crosses(rst)),
      told: { _tag: "QueueTimedOut", ...unwritten },
      seen: 0
    },
    "the agent closes": {
      agent: { maxSockets: 1 },
      before: World.other,
      meanwhile: World.closeAgent,
      told: { _tag: "ConnectionFailed", code: "ERR_HTTPFX_CLIENT_CLOSED", ...unwritten },
      seen: 0
    }
  },
  "while connecting": {
    "unknown name": {
      request: { url: "http://nowhere.test/it" },
      told: { _tag: "NameNotResolved", phase: "resolve", ...unwritten },
      connections: 0,
      seen: 0
    },
    "no listener": {
      request: { url: "http://closed.test/it", ...post },
      told: { _tag: "ConnectionRefused", phase: "connect", ...unwritten, address: "10.0.0.2:80" },
      connections: 0,
      seen: 0
    },
    "no route": {
      before: Fault.connectFailure("EHOSTUNREACH"),
      told: { _tag: "Unreachable", phase: "connect", ...unwritten },
      connections: 0,
      seen: 0
    },
    "timeout of the network": {
      before: Fault.connectTimeout(),
      told: { _tag: "ConnectionTimedOut", code: "ETIMEDOUT", phase: "connect", ...unwritten },
      connections: 0,
      seen: 0
    },
    "timeout of the client": {
      before: Fault.connectTimeout({}, { timeout: "1 hour" }),
      request: { timeouts: limits },
      told: { _tag: "ConnectTimedOut", phase: "connect", limit: 500, ...unwritten },
      connections: 0,
      seen: 0
    }
  },
  "after connecting": {
    "reset at once": { accepted: rst, told: { _tag: "ConnectionReset", ...lost }, seen: 0 },
    // FIN has ended the server's direction. Our direction is reset before the request has arrived.
    "closed at once": { accepted: fin, told: { _tag: "HangUp", ...lost }, seen: 0 },
    "closed at once, to a POST": {
      accepted: fin,
      request: post,
      told: { _tag: "HangUp", ...lost },
      seen: 0
    },
    "reset within an upload": {
      request: upload,
      asked: rst,
      told: { _tag: "ConnectionReset", ...lost, phase: "send", written: "some" }
    },
    "closed while the body waits for 100": {
      request: { ...post, expectContinue: true },
      asked: fin,
      told: { _tag: "HangUp", ...lost, phase: "send", written: "some" }
    }
  },
  "after the request was sent": {
    "closed before a response": { asked: fin, told: { _tag: "HangUp", ...lost } },
    "reset before a response": { asked: rst, told: { _tag: "ConnectionReset", ...lost } },
    "closed within the head": {
      asked: says("HTTP/1.1 2", fin),
      told: { _tag: "HangUp", ...lost, received: 10 }
    },
    "reset within the head": {
      asked: says("HTTP/1.1 2", rst),
      told: { _tag: "ConnectionReset", ...lost, received: 10 }
    },
    "closed after a 1xx": {
      asked: says("HTTP/1.1 103 Early Hints\r\n\r\n", fin),
      told: { _tag: "HangUp", ...lost, received: 28 }
    }
  },
  "for the response": {
    "malformed bytes": {
      asked: answers("SSH-2.0-x\r\n"),
      told: { _tag: "ParseError", code: "HPE_INVALID_CONSTANT", ...lost, received: 11 }
    },
    "malformed bytes within the body": {
      asked: answers(`${chunked}xyz\r\n`),
      told: {
        _tag: "ParseError",
        code: "HPE_INVALID_CHUNK_SIZE",
        ...lost,
        phase: "body",
        received: chunked.length + 5
      }
    },
    "an upgrade without a request for it": {
      asked: answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
      told: { _tag: "UpgradeNotAsked", ...lost, received: 69 }
    }
  },
  "within the response body": {
    "closed before its end": {
      asked: says(`${head}12345`, fin),
      told: { _tag: "HangUp", ...lost, phase: "body", received: head.length + 5 }
    },
    "reset before its end": {
      asked: says(`${head}12345`, rst),
      told: { _tag: "ConnectionReset", ...lost, phase: "body", received: head.length + 5 }
    },
    "closed between chunks": {
      asked: says(`${chunked}5\r\n12345\r\n`, fin),
      told: { _tag: "HangUp", ...lost, phase: "body", received: chunked.length + 10 }
    },
    "closed within trailers": {
      asked: says(`${chunked}0\r\nX-`, fin),
      told: { _tag: "HangUp", ...lost, phase: "body", received: chunked.length + 5 }
    },
    "reset, framed by the end of the connection": {
      asked: says("HTTP/1.1 200 OK\r\n\r\n12345", rst),
      told: { _tag: "ConnectionReset", ...lost, phase: "body", received: 24 }
    },
    "closed, framed by the end of the connection: complete": {
      asked: says("HTTP/1.1 200 OK\r\n\r\n12345", fin),
      told: { text: "12345", resent: 0 }
    },
    "reset during a concurrent upload": {
      request: upload,
      asked: says(`${head}12345`, rst),
      told: { _tag: "ConnectionReset", ...lost, phase: "body", written: "some", received: head.length + 5 }
    }
  },
  "at the moment of reuse": {
    // FIN or RST is in transit to the client while the request is in transit to the server.
    closed: { reused: true, before: crosses(fin), told: again, connections: 2, seen: 2 },
    reset: { reused: true, before: crosses(rst), told: again, connections: 2 },
    "closed, with a body in memory": {
      reused: true,
      before: crosses(fin),
      request: { method: "PUT", body: "abc" },
      told: again,
      connections: 2,
      seen: 2
    },
    "closed, to a POST": {
      reused: true,
      before: crosses(fin),
      request: post,
      told: { _tag: "HangUp", ...lost, reused: true }
    },
    "reset, to a POST": {
      reused: true,
      before: crosses(rst),
      request: post,
      told: { _tag: "ConnectionReset", ...lost, reused: true },
      seen: 0
    },
    "closed, to a streamed PUT": {
      reused: true,
      before: crosses(fin),
      request: upload,
      told: { _tag: "HangUp", ...lost, reused: true, phase: "send", written: "some" }
    },
    "closed within the response head": {
      reused: true,
      asked: (served) => {
        served.send("HTTP/1.1 2")
        served.end()
      },
      told: { _tag: "HangUp", ...lost, reused: true, received: 10 }
    },
    "closed, and the new connection is lost too": {
      reused: true,
      asked: fin,
      told: { _tag: "HangUp", ...lost },
      connections: 2,
      seen: 2
    },
    "closed, and no new connection can be established": {
      reused: true,
      before: Effect.zipRight(Fault.refuse(), crosses(fin)),
      told: { _tag: "HangUp", ...lost, reused: true }
    },
    "FIN has arrived already: it is not reused": {
      reused: true,
      before: Effect.zipRight(crosses(fin), Effect.sleep(latency)),
      request: post,
      told: { text: "answered", reused: false, resent: 0 },
      connections: 2
    },
    "no loss: it is reused": {
      reused: true,
      request: post,
      told: { text: "answered", reused: true, resent: 0 }
    }
  }
}
