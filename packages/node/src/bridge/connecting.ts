/**
 * A socket that programs can use while its connection is still being opened, like the socket that
 * `net.connect` returns.
 *
 * The socket queues writes until the connection is open. If connecting fails, the socket emits `error`.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type { Timers } from "@httpfx/core/Timers"
import type { Address, Fault, TlsFacts, Transport, TransportHandlers } from "@httpfx/core/Transport"
import { fault } from "@httpfx/core/Transport"
import { TransportSocket } from "../socket/transportSocket.js"
import { queueMicrotask } from "../time/realTime.js"

const highWaterMark = 64 * 1024

/** The fields that the errors of a `Network` have in common. */
interface Failure {
  readonly code?: string
  readonly reason?: string
  readonly message?: string
  readonly address?: string | undefined
  readonly host?: string
  readonly cause?: unknown
}

const codeOf = (value: unknown): string | undefined =>
  typeof value === "object" && value !== null ? (value as { code?: string }).code : undefined

/** Converts an error of core to the fault that a system socket would have reported. */
export const faultOfFailure = (error: unknown, syscall: string): Fault => {
  const { address, cause, code = "ECONNRESET", message, reason } = error as Failure
  const text = reason ?? message ?? code
  const place = /^\[?(.*?)\]?:(\d+)$/.exec(address ?? "")
  const known: Address | undefined =
    place === null ? undefined : { _tag: "TcpAddress", hostname: place[1]!, port: Number(place[2]) }
  return fault(code, /^(\w+) E/.exec(text)?.[1] ?? syscall, {
    message: text,
    address: known,
    // If the cause is the system's own error, pass it on, because users of the callback API expect that error
    // object.
    cause: cause instanceof Error && codeOf(cause) === code ? cause : undefined
  })
}

class Pending implements Transport {
  private below: Transport | undefined = undefined
  private handlers: TransportHandlers | undefined = undefined
  private readonly queue: Array<string | Uint8Array> = []
  private queued = 0
  private full = false
  private ending = false
  private paused = false
  private over = false
  private readonly calls: Array<(transport: Transport) => void> = []
  attempt: Fiber.RuntimeFiber<unknown, unknown> | undefined = undefined

  get local(): Address | undefined {
    return this.below?.local
  }
  get remote(): Address | undefined {
    return this.below?.remote
  }
  get tls(): TlsFacts | undefined {
    return this.below?.tls
  }
  get truncated(): boolean {
    return this.below?.truncated === true
  }
  get buffered(): number {
    return this.below?.buffered ?? this.queued
  }
  get writable(): boolean {
    return this.below === undefined ? !this.ending && !this.over : this.below.writable
  }

  connected(transport: Transport): void {
    if (this.over) return transport.reset()
    const { calls, handlers, queue } = this
    this.below = transport
    for (const call of calls) call(transport)
    if (this.paused) transport.pause()
    if (handlers !== undefined) transport.start(handlers)
    let more = true
    transport.cork()
    for (const data of queue) more = transport.write(data)
    transport.uncork()
    queue.length = calls.length = 0
    if (this.ending) transport.end()
    else if (this.full && more) handlers?.drain()
  }

  failed(fault: Fault): void {
    if (this.over) return
    this.over = true
    this.handlers?.error(fault)
    this.handlers?.close()
  }

  start(handlers: TransportHandlers): void {
    this.handlers = handlers
    if (this.below !== undefined) this.below.start(handlers)
    else if (this.over) queueMicrotask(() => handlers.close())
  }

  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    if (this.below !== undefined) return this.below.write(data, body)
    if (!this.writable) return false
    this.queue.push(data)
    this.queued += data.length
    if (body !== undefined) return this.write(body)
    this.full = this.queued >= highWaterMark
    return !this.full
  }

  end(): void {
    if (this.below !== undefined) this.below.end()
    else this.ending = true
  }

  reset(): void {
    if (this.below !== undefined) return this.below.reset()
    if (this.over) return
    this.over = true
    this.attempt?.unsafeInterruptAsFork(this.attempt.id())
    queueMicrotask(() => this.handlers?.close())
  }

  private call(f: (transport: Transport) => void): void {
    if (this.below === undefined) this.calls.push(f)
    else f(this.below)
  }

  cork(): void {
    this.below?.cork()
  }
  uncork(): void {
    this.below?.uncork()
  }
  pause(): void {
    this.paused = true
    this.below?.pause()
  }
  resume(): void {
    this.paused = false
    this.below?.resume()
  }
  ref(): void {
    this.call((transport) => transport.ref())
  }
  unref(): void {
    this.call((transport) => transport.unref())
  }
  noDelay(enable: boolean): void {
    this.call((transport) => transport.noDelay(enable))
  }
  keepAlive(enable: boolean, initialDelay: number): void {
    this.call((transport) => transport.keepAlive(enable, initialDelay))
  }
}

export class ConnectingSocket extends TransportSocket {
  constructor(
    connect: Effect.Effect<Transport, unknown>,
    runtime: Runtime.Runtime<never>,
    timers: Timers,
    { allowHalfOpen = false } = {}
  ) {
    const pending = new Pending()
    super(pending, { allowHalfOpen, timers, resetOnError: false })
    this.connecting = this.pending = true
    pending.attempt = Runtime.runFork(runtime, Effect.withUnhandledErrorLogLevel(connect, Option.none()))
    pending.attempt.addObserver((exit) => queueMicrotask(() => this.settled(pending, exit as never)))
  }

  private settled(pending: Pending, exit: Exit.Exit<Transport, unknown>): void {
    this.connecting = this.pending = false
    if (Exit.isSuccess(exit)) {
      pending.connected(exit.value)
      if (this.destroyed) return
      this.emit("connect")
      this.emit("ready")
    } else if (!Cause.isInterruptedOnly(exit.cause)) {
      pending.failed(faultOfFailure(Cause.squash(exit.cause), "connect"))
    }
  }
}
