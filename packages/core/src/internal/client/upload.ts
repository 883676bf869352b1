/**
 * Sends a streamed request body. Pulls the stream only as fast as the connection accepts bytes.
 *
 * Runs in its own fiber, so that a response that arrives during the upload is delivered. Aborts the exchange
 * when the stream fails, so that the server never takes an incomplete body for a complete one. Writes nothing
 * after `stop`.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Stream from "effect/Stream"
import * as HttpError from "../../errors/index.js"
import type { Upload as UploadPort, UploadOwner } from "../../connection/client/ports.js"
import type { Transport } from "../../seams/transport.js"
import { BodyWriter, type Framing, type Part, type Violation } from "../../wire/index.js"
import { Pump } from "../pump.js"

export class Upload extends Pump<never> implements UploadPort {
  private readonly writer: BodyWriter
  private fiber: Fiber.RuntimeFiber<ReadonlyArray<string> | void, unknown> | undefined = undefined
  private wake: (() => void) | undefined = undefined
  private over = false

  constructor(
    private readonly owner: UploadOwner,
    transport: Transport,
    framing: Framing
  ) {
    super(transport)
    this.writer = new BodyWriter(framing)
  }

  /** Starts sending. `trailers` runs after the stream has ended. */
  start(
    stream: Stream.Stream<Uint8Array, unknown>,
    trailers: Effect.Effect<ReadonlyArray<string>, unknown> | undefined,
    runtime: Runtime.Runtime<never>
  ): void {
    const body = this.run(stream)
    const upload: Effect.Effect<ReadonlyArray<string> | void, unknown> =
      trailers === undefined ? body : Effect.zipRight(body, trailers)
    // `ended` handles the failure, so prevent Effect from logging it as unhandled.
    this.fiber = Runtime.runFork(runtime, Effect.withUnhandledErrorLogLevel(upload, Option.none()))
    this.fiber.addObserver(this.ended)
  }

  /** Called when the transport accepts bytes again. */
  drain(): void {
    this.flowing = true
    const { wake } = this
    this.wake = undefined
    wake?.()
  }

  /** Whether the transport has flushed all bytes written so far. */
  get taken(): boolean {
    return this.flowing
  }

  get written(): number {
    return this.writer.written
  }

  /** Interrupts the stream without waiting for its finalizers. */
  stop(): void {
    if (this.over) return
    this.over = true
    if (this.fiber !== undefined) this.fiber.unsafeInterruptAsFork(this.fiber.id())
  }

  /** Completes when the stream's finalizers have run. Call after `stop`. */
  get stopped(): Effect.Effect<void> {
    return this.fiber === undefined ? Effect.void : Effect.asVoid(Fiber.await(this.fiber))
  }

  whenStopped(f: () => void): void {
    if (this.fiber === undefined) f()
    else this.fiber.addObserver(f)
  }

  private readonly sink = (part: Part): void => {
    this.flowing = this.transport.write(part)
  }

  protected override put(piece: Uint8Array): Violation | undefined {
    return this.writer.write(piece, this.sink)
  }

  protected override get halted(): Effect.Effect<never> | undefined {
    return this.over ? Effect.never : undefined
  }

  protected override readonly drained = Effect.async<void>((resume) => {
    if (this.flowing) resume(Effect.void)
    else this.wake = () => resume(Effect.void)
  })

  private readonly ended = (exit: Exit.Exit<ReadonlyArray<string> | void, unknown>): void => {
    if (this.over) return
    this.over = true
    if (exit._tag === "Failure") return this.owner.uploadFailed(exit.cause)
    const violation = this.writer.end(exit.value ?? undefined, this.sink)
    if (violation === undefined) this.owner.uploadEnded()
    else this.owner.uploadFailed(Cause.fail(HttpError.fromViolation(violation)))
  }
}
