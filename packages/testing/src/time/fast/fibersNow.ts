/**
 * Takes a snapshot of the fibers of the process, to determine whether they only wait for each other or may
 * wait for I/O.
 *
 * The status of a suspended fiber can name other fibers (`blockingOn`). If the fiber waits for another fiber,
 * a `Deferred` or a test clock, its status names a fiber. If the fiber waits for a callback, its status names
 * no fiber. Such a fiber may wait for I/O.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as FiberStatus from "effect/FiberStatus"
import * as HashSet from "effect/HashSet"
import * as RuntimeFlags from "effect/RuntimeFlags"
import { Driver } from "../driver.js"
import type { AnyFiber } from "../../assert/picture.js"
import { warners } from "./testClock.js"

export interface FibersNow {
  /** The live fibers, each with its number. */
  readonly fibers: ReadonlyMap<AnyFiber, number>
  /** A text that changes when a fiber starts, when it ends, or when it begins to wait for another fiber. */
  readonly signature: string
  /** Whether all fibers wait for other fibers. If so, no fiber runs, and no fiber waits for a callback. */
  readonly amongThemselves: boolean
  /** The clocks of the live fibers. */
  readonly clocks: ReadonlySet<Clock.Clock>
  /** Number of fibers that only log a warning of a `TestClock`. `fibers` leaves them out. */
  readonly warners: number
}

const looking = new WeakSet<AnyFiber>()

// Returns `false` for fibers of simulations. A fiber of a stopped simulation never runs again, and so never
// returns its status.
const isOurs = (fiber: AnyFiber) => !looking.has(fiber) && !(fiber.currentScheduler instanceof Driver)

interface Seen {
  readonly status: FiberStatus.FiberStatus
  readonly isRoot: boolean
}

const visit = (fiber: AnyFiber, isRoot: boolean, into: Map<AnyFiber, Seen>): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (into.has(fiber) || !isOurs(fiber)) return Effect.void
    return Effect.flatMap(Effect.zip(fiber.status, fiber.children), ([status, children]) => {
      if (status._tag !== "Done") into.set(fiber, { status, isRoot })
      return Effect.forEach(children, (child) => visit(child, false, into), { discard: true })
    })
  })

const numberOf = (fiber: AnyFiber) => (fiber.id() as FiberId.Runtime).id

/**
 * Returns the numbers of the fibers for which a fiber waits. If a fiber waits for a `Deferred`, the creator
 * of the `Deferred` is counted.
 */
const waitsFor = ({ status }: Seen): ReadonlyArray<number> =>
  status._tag === "Suspended"
    ? Array.from(FiberId.toSet(status.blockingOn)).flatMap((id) => (id._tag === "Runtime" ? [id.id] : []))
    : []

const clockOf = (fiber: AnyFiber) => Context.get(fiber.currentDefaultServices, Clock.Clock)

const judge = (seen: ReadonlyMap<AnyFiber, Seen>): FibersNow => {
  const clocks = new Set<Clock.Clock>()
  const awaited = new Set<number>()
  for (const [fiber, one] of seen) {
    clocks.add(clockOf(fiber))
    for (const id of waitsFor(one)) awaited.add(id)
  }
  const warning = new Set(Array.from(clocks, warners).flat())
  // For concurrent effects, Effect forks a root fiber. This fiber waits for callbacks from the fibers of
  // these effects, and never for I/O.
  const isPump = (fiber: AnyFiber, { isRoot, status }: Seen) =>
    isRoot &&
    awaited.has(numberOf(fiber)) &&
    status._tag === "Suspended" &&
    !RuntimeFlags.interruption(status.runtimeFlags)
  const waitsAmongThem = (fiber: AnyFiber, one: Seen) =>
    one.status._tag === "Suspended" && (waitsFor(one).length > 0 || warning.has(fiber) || isPump(fiber, one))
  const fibers = new Map<AnyFiber, number>()
  let signature = ""
  let amongThemselves = true
  for (const [fiber, one] of seen) {
    if (!warning.has(fiber)) fibers.set(fiber, numberOf(fiber))
    if (!waitsAmongThem(fiber, one)) amongThemselves = false
    signature += `${numberOf(fiber)} ${one.status._tag} ${waitsFor(one).join()};`
  }
  return {
    fibers,
    signature,
    amongThemselves,
    clocks,
    warners: warning.size
  }
}

/** Takes the snapshot. It contains all fibers for whose clock `counts` returns `true`. */
export const fibersNow = (counts: (clock: Clock.Clock) => boolean): Effect.Effect<FibersNow> =>
  Effect.withFiberRuntime((self) =>
    Effect.gen(function* () {
      looking.add(self as AnyFiber)
      const seen = new Map<AnyFiber, Seen>()
      for (const root of HashSet.fromIterable(yield* Fiber.roots)) yield* visit(root, true, seen)
      return judge(new Map(Array.from(seen).filter(([fiber]) => counts(clockOf(fiber)))))
    })
  )
