/**
 * All fibers of the process, and whether they wait for each other or for the outside.
 *
 * A fiber that waits for another one, for a `Deferred` or for a clock of a test tells whom it waits for. One that waits for a callback
 * does not: it may be a file, or `Effect.never`.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as FiberStatus from "effect/FiberStatus"
import * as HashSet from "effect/HashSet"
import * as RuntimeFlags from "effect/RuntimeFlags"
import { Driver } from "./driver.js"
import type { AnyFiber } from "./picture.js"
import { isBeingMoved, warners } from "./testClock.js"

export interface FibersNow {
  /** Those that count, with a number each. */
  readonly fibers: ReadonlyMap<AnyFiber, number>
  /** Changes when one comes, goes, or waits for something else. */
  readonly signature: string
  /** None runs, and none waits for a callback. */
  readonly amongThemselves: boolean
  /** Clocks that they go by. */
  readonly clocks: ReadonlySet<Clock.Clock>
  /** One of the clocks is being moved. */
  readonly moving: boolean
  /** How many will only warn of a clock that is not moved. */
  readonly warners: number
}

const looking = new WeakSet<AnyFiber>()

// One that a stopped simulation has left behind would never say how it is.
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

/** Numbers of the fibers that it waits for; or of one that has made what it waits for. */
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
  // Effect runs things at the same time through a fiber of this kind, which waits for them by callbacks.
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
    moving: Array.from(clocks).some(isBeingMoved),
    warners: warning.size
  }
}

/** `counts`: whether fibers that go by this clock count. Others are another test's. */
export const fibersNow = (counts: (clock: Clock.Clock) => boolean): Effect.Effect<FibersNow> =>
  Effect.withFiberRuntime((self) =>
    Effect.gen(function* () {
      looking.add(self as AnyFiber)
      const seen = new Map<AnyFiber, Seen>()
      for (const root of HashSet.fromIterable(yield* Fiber.roots)) yield* visit(root, true, seen)
      return judge(new Map(Array.from(seen).filter(([fiber]) => counts(clockOf(fiber)))))
    })
  )
