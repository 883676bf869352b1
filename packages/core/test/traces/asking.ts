/** Conversations of an Effect client with a scripted server. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Agent, Client, Network } from "@httpfx/core"
import { peerOf, type Peer } from "./peer.js"
import { exitText, type Trace } from "./trace.js"
import { conversation, onTapped, type Conversation } from "./world.js"

/**
 * The actions of the server. `count` is the number of request heads that have arrived on the connection; 0
 * when the connection was accepted.
 */
export type Answer = (peer: Peer, count: number) => Effect.Effect<unknown>

/** The operations on the client that a conversation can use. */
export interface Asker {
  readonly client: Client.Service
  /** Sends a request, and reads the response and its body. Records each step as a line, and never fails. */
  readonly ask: (request?: Partial<Client.Request>) => Effect.Effect<unknown>
  readonly upgrade: (request?: Partial<Client.UpgradeRequest>) => Effect.Effect<unknown>
  readonly closeAgent: Effect.Effect<void>
  readonly say: (line: string) => Effect.Effect<void>
}

const url = "http://api.test/it"

const asker = (trace: Trace, client: Client.Service, closeAgent: Effect.Effect<void>): Asker => {
  let count = 0
  const named = () => {
    const name = `ask ${++count}`
    return (line: string) => Effect.sync(() => trace.say(`${name} ${line}`))
  }
  const told = (effect: Effect.Effect<unknown, unknown>, say: (line: string) => Effect.Effect<void>) =>
    Effect.onExit(effect, (exit) =>
      Exit.isFailure(exit) ? say(`ends: ${exitText(exit)}`) : Effect.void
    ).pipe(Effect.exit)
  const body = (response: Client.Response, say: (line: string) => Effect.Effect<void>) =>
    Effect.gen(function* () {
      const { resent, reused, status, statusMessage } = response
      yield* say(`${status} ${statusMessage} reused=${reused} resent=${resent} complete=${response.complete}`)
      yield* Stream.runForEach(response.body, (piece) => say(`body ${piece.length}`))
      const { rawTrailers } = response
      yield* say(`body is complete${rawTrailers.length > 0 ? `, with ${rawTrailers.join(", ")}` : ""}`)
    })
  return {
    client,
    closeAgent,
    say: (line) => Effect.sync(() => trace.say(line)),
    ask: (request) =>
      Effect.suspend(() => {
        const say = named()
        const onInformational = ({ status }: { status: number }) => void trace.say(`1xx ${status}`)
        return told(
          Effect.flatMap(client.request({ url, onInformational, ...request }), (response) =>
            body(response, say)
          ),
          say
        )
      }),
    upgrade: (request) =>
      Effect.suspend(() => {
        const say = named()
        const upgrading = Effect.gen(function* () {
          const upgrade = yield* client.upgrade({ url, protocol: "echo", ...request })
          if (upgrade._tag === "Answered") return yield* body(upgrade.response, say)
          yield* say(`${upgrade.response.status}, has the socket`)
          yield* upgrade.socket.write("hello")
          yield* Stream.runForEach(upgrade.socket.stream, (piece) => say(`socket ${piece.length}`))
          yield* say("socket is at its end")
        })
        return told(Effect.scoped(upgrading), say)
      })
  }
}

/** Starts a scripted server at `api.test`, which sends FIN when it has received FIN. */
export const answeredByHand = (trace: Trace, answer: Answer) =>
  Effect.gen(function* () {
    const heads = yield* Queue.unbounded<readonly [Peer, number]>()
    yield* Network.listen({ host: "api.test", port: 80 }, (transport) => {
      let count = 0
      const told = (received: string) => {
        for (const seen = received.split("\r\n\r\n").length - 1; count < seen;) {
          Queue.unsafeOffer(heads, [peer, ++count])
        }
      }
      const peer: Peer = peerOf(trace, transport, told, () => transport.end())
      Queue.unsafeOffer(heads, [peer, 0])
    })
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.flatMap(Queue.take(heads), ([peer, count]) => Effect.forkScoped(answer(peer, count)))
      )
    )
  })

/** Makes a conversation with an Effect client. The conversation ends after an hour of virtual time. */
export const asked = (
  name: string,
  talk: (asker: Asker) => Effect.Effect<unknown, unknown, Scope.Scope>,
  answer: Answer,
  options: Agent.Options & Client.ClientOptions = {}
): Conversation =>
  conversation(name, (trace) =>
    Effect.gen(function* () {
      const { unreadTimeout, ...agentOptions } = options
      yield* answeredByHand(trace, answer)
      const scope = yield* Scope.make()
      yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
      const agent = yield* Scope.extend(onTapped(trace)(Agent.make(agentOptions)), scope)
      yield* agent.observe(trace.agent)
      const client = yield* Client.fromAgent(agent, { unreadTimeout })
      yield* talk(asker(trace, client, Scope.close(scope, Exit.void)))
      yield* Effect.sleep("1 hour")
      const { connecting, open, queued } = yield* agent.state
      if (open + connecting + queued === 0) trace.stop()
      trace.say(`agent open=${open} connecting=${connecting} queued=${queued}`)
    })
  )
