/**
 * Platform's `Socket` over a WebSocket. The socket behaves like platform's `Socket.fromWebSocket`, but has
 * backpressure in both directions.
 *
 * As with `fromWebSocket`, each message is handled in its own fiber. Reading is paused while too many
 * handlers run or while writers wait. A writer waits while the peer does not read.
 */
import * as PlatformSocket from "@effect/platform/Socket"
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Scope from "effect/Scope"
import { turn } from "@httpfx/core/PlatformTimers"
import { Pace } from "@httpfx/core/wire"
import { socketError } from "./failure.js"
import type { Message, WebSocketFlow } from "./flow.js"

export interface Options {
  /** Returns whether the socket fails when the peer closes with this code. */
  readonly closeCodeIsError: (code: number) => boolean
  /** Maximum time that the peer may take to answer our close frame or our FIN. */
  readonly closeTimeout: Duration.Duration
}

const encoder = new TextEncoder()
const nothing = () => {}

const nextTurn = Effect.async<void>((resume) => turn(() => resume(Effect.void)))

/** Closes the socket. If the peer does not answer the close frame in time, the connection is destroyed. */
export const close = (
  flow: WebSocketFlow,
  code: number,
  cause: Cause.Cause<unknown> | undefined,
  within: Duration.Duration
): Effect.Effect<void> =>
  Effect.suspend(() => {
    flow.end()
    if (flow.isClosed) return Effect.void
    const over = Effect.async<void>((resume) => {
      if (flow.isClosed) return resume(Effect.void)
      const tell = () => resume(Effect.void)
      flow.socket.once("close", tell)
      return Effect.sync(() => void flow.socket.off("close", tell))
    })
    flow.close(code, undefined, cause)
    return Effect.timeoutTo(over, {
      duration: within,
      onSuccess: nothing,
      onTimeout: () => flow.terminate()
    })
  })

// Wait for a turn of the event loop, so that `run` completes first. After a normal close, `run` interrupts
// the handlers that are writing, and their writes must not fail before the interruption.
const closed = (flow: WebSocketFlow) =>
  Effect.zipRight(
    nextTurn,
    Effect.suspend(() =>
      Effect.fail(
        flow.violation === undefined
          ? new PlatformSocket.SocketCloseError({
              reason: "Close",
              code: flow.closeCode!,
              closeReason: flow.closeReason
            })
          : socketError("Write", flow.violation)
      )
    )
  )

const taken = (flow: WebSocketFlow): Effect.Effect<void, PlatformSocket.SocketError> =>
  Effect.async<void, PlatformSocket.SocketError>((resume) => {
    const tell = () => resume(flow.isClosed ? closed(flow) : Effect.void)
    if (flow.isClosed || flow.takes) return tell()
    const giveUp = flow.whenTaken(tell)
    return Effect.sync(giveUp)
  })

/** Makes a `Socket`. Each `run` calls `acquire` once, in its own scope, to open a WebSocket of its own. */
export const fromFlow = (
  acquire: Effect.Effect<WebSocketFlow, PlatformSocket.SocketError, Scope.Scope>,
  { closeCodeIsError, closeTimeout }: Options
): PlatformSocket.Socket => {
  const latch = Effect.unsafeMakeLatch(false)
  let opened: WebSocketFlow | undefined
  const pace = new Pace()

  const runRaw: PlatformSocket.Socket["runRaw"] = <_, E, R>(
    handler: (message: Message) => Effect.Effect<_, E, R> | void,
    options?: { readonly onOpen?: Effect.Effect<void> | undefined }
  ) =>
    Effect.scopedWith((scope) =>
      Effect.gen(function* () {
        const fibers = yield* Scope.extend(FiberSet.make<unknown, E | PlatformSocket.SocketError>(), scope)
        const flow = yield* Scope.extend(acquire, scope)
        const fork = yield* Effect.provideService(
          FiberSet.runtime(fibers)<R>(),
          PlatformSocket.WebSocket,
          flow.socket as unknown as globalThis.WebSocket
        )
        const end = (exit: Exit.Exit<void, PlatformSocket.SocketError>) =>
          Deferred.unsafeDone(fibers.deferred, exit)
        flow.begin({
          start: (message, done) => {
            const handling = handler(message)
            if (!Effect.isEffect(handling)) return false
            fork(handling as Effect.Effect<_, E, R>).addObserver(done)
            return true
          },
          closed: (code, closeReason) =>
            end(
              flow.closesItself || !closeCodeIsError(code)
                ? Exit.void
                : Exit.fail(new PlatformSocket.SocketCloseError({ reason: "Close", code, closeReason }))
            ),
          failed: (cause) => end(Exit.fail(socketError("Read", cause))),
          limit: () =>
            fork(
              Effect.zipRight(
                Effect.sleep(closeTimeout),
                Effect.sync(() => flow.terminate())
              )
            )
        })
        opened = flow
        yield* latch.open
        if (options?.onOpen !== undefined) yield* options.onOpen
        return yield* FiberSet.join(fibers)
      })
    ).pipe(
      // Open the latch even if opening the WebSocket has failed, so that waiting writers fail instead of
      // waiting for ever.
      Effect.ensuring(latch.open),
      Effect.interruptible
    )

  const run: PlatformSocket.Socket["run"] = (handler, options) =>
    runRaw((message) => handler(typeof message === "string" ? encoder.encode(message) : message), options)

  const pacing = Effect.suspend(() => {
    pace.begin()
    return nextTurn
  })

  const send = (flow: WebSocketFlow, message: Message): Effect.Effect<void, PlatformSocket.SocketError> => {
    pace.sent(message.length)
    if (flow.send(message)) return pace.due ? pacing : Effect.void
    return pace.due ? Effect.zipRight(taken(flow), pacing) : taken(flow)
  }

  const write = (
    chunk: Message | PlatformSocket.CloseEvent
  ): Effect.Effect<void, PlatformSocket.SocketError> =>
    latch.whenOpen(
      Effect.suspend(() => {
        if (opened === undefined)
          return Effect.fail(socketError("Write", new Error("the WebSocket was not opened")))
        try {
          if (!PlatformSocket.isCloseEvent(chunk)) return send(opened, chunk)
          opened.close(chunk.code, chunk.reason)
          return Effect.void
        } catch (cause) {
          return Effect.fail(socketError("Write", cause))
        }
      })
    )

  return PlatformSocket.Socket.of({
    [PlatformSocket.TypeId]: PlatformSocket.TypeId,
    run,
    runRaw,
    writer: Effect.succeed(write)
  })
}
