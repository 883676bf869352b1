/**
 * Lists everything that waits, for failure messages: connections, listeners, pools, clock waits and fibers.
 *
 * Networks and clients are found in the contexts of the live fibers. The effects that run here only read
 * state, and never wait.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as List from "effect/List"
import * as Option from "effect/Option"
import { Client } from "@httpfx/core/Client"
import { formatAddress, type Address } from "@httpfx/core/Transport"

interface End {
  readonly address: Address | undefined
  readonly state: string
  readonly unsent: number
  readonly unread: number
}

interface Drawn {
  readonly connections: Effect.Effect<
    ReadonlyArray<{ readonly id: number; readonly client: End; readonly server: End }>
  >
  readonly listeners: Effect.Effect<ReadonlyArray<Address>>
}

// Find the service of `MemoryNetwork` by its key. `MemoryNetwork` imports this module, so an import would
// create a cycle.
const MemoryNetwork = Context.GenericTag<Drawn>("@httpfx/testing/MemoryNetwork")

export type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

export interface PictureWait {
  /** Milliseconds until the wait ends. */
  readonly left: number
  readonly fiber: AnyFiber | undefined
}

export interface Subject {
  readonly waits: ReadonlyArray<PictureWait>
  /** Live fibers, each with a number that is equal in equal runs. */
  readonly fibers: ReadonlyMap<AnyFiber, number>
  /** Further lines that are printed after the list. */
  readonly notes: ReadonlyArray<string>
}

const longest = 40

const section = (title: string, lines: ReadonlyArray<string>): Array<string> => {
  const rest = lines.length - longest
  const shown = rest > 0 ? [...lines.slice(0, longest), `... and ${rest} more`] : lines
  return [`${title}: ${lines.length}`, ...shown.map((line) => `  ${line}`)]
}

const servicesOf = <I, S>(fibers: Iterable<AnyFiber>, tag: Context.Tag<I, S>): Set<S> => {
  const found = new Set<S>()
  for (const fiber of fibers) {
    const service = Context.getOption(fiber.currentContext as Context.Context<never>, tag)
    if (Option.isSome(service)) found.add(service.value)
  }
  return found
}

const addressOf = (address: Address | undefined) => (address === undefined ? "?" : formatAddress(address))
const endOf = ({ state, unread, unsent }: End) => `${state} unsent ${unsent} unread ${unread}`

const network = (fibers: Iterable<AnyFiber>): Array<string> => {
  const lines: Array<string> = []
  for (const memory of servicesOf(fibers, MemoryNetwork)) {
    const open = Effect.runSync(memory.connections).map(
      ({ client, id, server }) =>
        `#${id} ${addressOf(client.address)} > ${addressOf(server.address)}: client ${endOf(client)}, server ${endOf(server)}`
    )
    lines.push(...section("connections", open))
    lines.push(...section("listeners", Effect.runSync(memory.listeners).map(formatAddress)))
  }
  return lines
}

const pools = (fibers: Iterable<AnyFiber>): Array<string> => {
  const lines: Array<string> = []
  for (const { connections } of servicesOf(fibers, Client)) {
    const counts = Object.entries(Effect.runSync(connections))
    lines.push(`client pool: ${counts.map(([name, count]) => `${name} ${String(count)}`).join(", ")}`)
  }
  return lines
}

/** Returns the names of a fiber's span and log spans. */
const nameOf = (fiber: AnyFiber): string => {
  const span = fiber.currentSpan
  const names = span?._tag === "Span" ? [span.name] : []
  for (const { label } of List.toArray(fiber.getFiberRef(FiberRef.currentLogSpan))) names.push(label)
  return names.length === 0 ? "" : ` "${names.join('" in "')}"`
}

export const draw = ({ fibers, notes, waits }: Subject): string => {
  const called = (fiber: AnyFiber) => `fiber ${fibers.get(fiber) ?? "?"}${nameOf(fiber)}`
  const asleep = new Map<AnyFiber, number>()
  for (const { fiber, left } of waits) if (fiber !== undefined) asleep.set(fiber, left)
  const state = (fiber: AnyFiber) => {
    const left = asleep.get(fiber)
    return `${called(fiber)}: ${left === undefined ? "suspended" : `asleep for ${left} ms`}`
  }
  const alive = [...fibers.keys()]
  return [
    ...network(alive),
    ...pools(alive),
    ...section(
      "waits for the clock",
      waits.map(({ fiber, left }) => `+${left} ms ${fiber === undefined ? "a timer" : called(fiber)}`)
    ),
    ...section("fibers", alive.map(state)),
    ...notes
  ].join("\n")
}
