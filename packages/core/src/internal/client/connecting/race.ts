/**
 * Races the addresses of one name (RFC 8305): a further attempt starts after a delay, while earlier attempts
 * continue. The first connection wins, and the other attempts are cancelled.
 *
 * Uses Effect's `Clock`. Returns at most one connection, and resets a connection that opens after the race
 * was won. Never resolves names.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as HttpError from "../../../errors/index.js"
import type { ConnectError, ResolvedAddress } from "../../network.js"
import { formatAddress, type Address } from "../../../model/address.js"
import { type Transport } from "../../../seams/transport.js"
import * as Timers from "../../timers.js"
import { attempt } from "./attempt.js"

/**
 * Milliseconds after which the next address is tried in parallel (RFC 8305 §5, "Connection Attempt Delay").
 */
export const attemptDelay = 250

/**
 * Sorts the addresses in the order of attempts (RFC 8305 §4). The families alternate, starting with the
 * family of the resolver's first address. Within a family the resolver's order stays.
 */
export const alternate = (addresses: ReadonlyArray<ResolvedAddress>): ReadonlyArray<ResolvedAddress> => {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family)
  const second = addresses.filter(({ family }) => family !== addresses[0]?.family)
  const order: Array<ResolvedAddress> = []
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    order.push(...first.slice(i, i + 1), ...second.slice(i, i + 1))
  }
  return order
}

type Connecting = Effect.Effect<Transport, ConnectError>
type Attempting = Fiber.RuntimeFiber<Transport, ConnectError>

class Race {
  private readonly running = new Map<Attempting, number>()
  private readonly tried: Array<HttpError.Attempt> = []
  private timer: Fiber.RuntimeFiber<void> | undefined = undefined
  private started = 0
  private winner: Transport | undefined = undefined
  private over = false

  constructor(
    private readonly addresses: ReadonlyArray<Address>,
    private readonly connect: (address: Address) => Connecting,
    private readonly delay: number,
    private readonly runtime: Runtime.Runtime<never>,
    private readonly timers: Timers.Timers,
    private readonly resume: (result: Connecting) => void
  ) {}

  next(): void {
    this.stopTimer()
    const address = this.addresses[this.started++]
    if (address === undefined) return
    const nth = this.started
    const since = this.timers.now()
    const fiber = attempt(this.runtime, Effect.interruptible(this.connect(address)))
    this.running.set(fiber, since)
    fiber.addObserver((exit) => this.ended(fiber, address, exit))
    // The attempt may have failed synchronously and started the next attempt, which sets its own timer.
    if (this.over || this.started !== nth || nth === this.addresses.length) return
    const timer = Runtime.runFork(this.runtime, Effect.sleep(this.delay))
    this.timer = timer
    timer.addObserver((exit) => {
      if (exit._tag === "Success" && this.timer === timer && !this.over) this.next()
    })
  }

  private ended(fiber: Attempting, address: Address, exit: Exit.Exit<Transport, ConnectError>): void {
    const since = this.running.get(fiber) ?? 0
    this.running.delete(fiber)
    if (exit._tag === "Success") {
      if (this.over) exit.value.reset()
      else this.won(exit.value)
      return
    }
    if (this.over) return
    const failure = Cause.failureOption(exit.cause)
    if (Option.isNone(failure)) return this.lost(Effect.failCause(exit.cause))
    this.tried.push(attemptOf(address, failure.value, since, this.timers.now()))
    if (this.started < this.addresses.length) this.next()
    else if (this.running.size === 0)
      this.lost(Effect.fail(HttpError.withAttempts(failure.value, this.tried)))
  }

  private won(transport: Transport): void {
    this.winner = transport
    this.lost(Effect.succeed(transport))
  }

  private lost(result: Connecting): void {
    this.stop()
    this.resume(result)
  }

  private stop(): void {
    this.over = true
    this.stopTimer()
    for (const fiber of this.running.keys()) fiber.unsafeInterruptAsFork(fiber.id())
  }

  private stopTimer(): void {
    const { timer } = this
    this.timer = undefined
    if (timer !== undefined) timer.unsafeInterruptAsFork(timer.id())
  }

  /**
   * Cancels all attempts and resets the winner, which the interrupted caller did not receive. Completes when
   * all attempts have ended.
   */
  readonly cancel: Effect.Effect<void> = Effect.suspend(() => {
    const running = [...this.running.keys()]
    this.stop()
    this.winner?.reset()
    return Effect.asVoid(Fiber.awaitAll(running))
  })
}

const attemptOf = (address: Address, error: ConnectError, since: number, now: number): HttpError.Attempt => ({
  address: formatAddress(address),
  code: error.code,
  reason: error.reason,
  millis: Math.round(now - since)
})

/**
 * Returns the first connection to one of these addresses. The addresses are tried in order, and the next
 * attempt starts in parallel after `delay` ms. If all attempts fail, the error is the last failure, whose
 * `attempts` lists all failures. Must run within `attempt`, which limits interruption to the waits that are
 * marked interruptible.
 */
export const race = (
  addresses: ReadonlyArray<Address>,
  connect: (address: Address) => Connecting,
  delay: number
): Connecting => {
  const [only] = addresses
  if (only !== undefined && addresses.length === 1) return alone(only, connect)
  return Effect.flatMap(Effect.all([Effect.runtime<never>(), Timers.timers]), ([runtime, timers]) =>
    Effect.interruptible(
      Effect.async<Transport, ConnectError>((resume) => {
        const race = new Race(addresses, connect, delay, runtime, timers, resume)
        race.next()
        return race.cancel
      })
    )
  )
}

const alone = (address: Address, connect: (address: Address) => Connecting): Connecting =>
  Effect.flatMap(Timers.timers, (timers) => {
    const since = timers.now()
    return Effect.catchAll(Effect.interruptible(connect(address)), (error) =>
      Effect.suspend(() =>
        Effect.fail(HttpError.withAttempts(error, [attemptOf(address, error, since, timers.now())]))
      )
    )
  })
