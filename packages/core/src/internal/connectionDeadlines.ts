/**
 * A connection of a server held against its deadlines: what it waits for, and what becomes of it when that takes too long.
 *
 * Which limit has passed is `wire/deadlines`' to say. Costs a request nothing: a server's sweep asks, or the timer of an
 * exchange that has deadlines of its own.
 */
import * as HttpError from "../HttpError.js"
import { fault, isLost } from "../Transport.js"
import { lookAgainAfter, type DeadlinePolicy, type Late } from "../wire/index.js"
import { abort, finish, remoteAddress } from "./connectionEnd.js"
import { reject } from "./connectionRefusal.js"
import type { ServerConnection } from "./serverConnection.js"
import type { ServerExchange } from "./serverExchange.js"

/** Gives the next deadline, ms (`Infinity`: none). */
export const check = (connection: ServerConnection, now: number): number => {
  if (connection.state !== "open" || connection.isIdle) return Infinity
  const { exchange, server, transport, waits } = connection
  const policy = exchange?.deadlines ?? server.settings.timeouts
  // What we hold back ourselves, or have not asked for, is not the client's delay.
  const reading =
    exchange !== undefined &&
    !exchange.requestComplete &&
    !connection.inflow.held &&
    !connection.awaitsContinue(exchange)
  const late = waits.look(now, policy, {
    headComplete: exchange !== undefined,
    reading,
    sent: connection.bytesOut - transport.buffered,
    writing: isWriting(connection),
    holding: connection.inflow.held && !connection.inflow.looking
  })
  if (typeof late === "number") return late
  if (late === "holding") {
    waits.holding = undefined
    return isGone(connection) ? Infinity : check(connection, now)
  }
  isLate(connection, late, policy)
  return Infinity
}

/** From now on an exchange has deadlines of its own, and a timer that keeps them. */
export const watch = (
  connection: ServerConnection,
  exchange: ServerExchange,
  policy: DeadlinePolicy
): void => {
  if (connection.exchange !== exchange) return
  exchange.deadlines = policy
  connection.cancelWatch?.()
  const { timers } = connection.server
  const look = () => {
    const now = timers.now()
    const next = Math.min(check(connection, now), now + lookAgainAfter(policy, Infinity))
    if (connection.exchange === exchange && next < Infinity) connection.cancelWatch = timers.at(next, look)
  }
  look()
}

// One read after a pause brings at most 64 KiB, one in bulk 112: with what waits it stays within what those make.
const roomForLook = 48 * 1024

/** A client that is held back because the handler takes nothing is no slow one; but it may have left. */
const isGone = (connection: ServerConnection): boolean => {
  const { inflow, transport } = connection
  if (!isLost(transport)) {
    if (hasRoom(connection, 0)) inflow.look()
    return false
  }
  connection.error(fault("ECONNRESET", "read", { address: transport.remote }))
  transport.reset()
  return true
}

/** So many bytes more have come of a client that is held back. */
export const looked = (connection: ServerConnection, bytes: number): void => {
  if (!hasRoom(connection, bytes)) connection.inflow.looked()
}

const hasRoom = ({ exchange, inflow, server }: ServerConnection, bytes: number): boolean =>
  inflow.queued + (exchange?.body?.waiting ?? 0) + bytes <= server.settings.highWaterMark + roomForLook

const isLate = (
  connection: ServerConnection,
  late: Exclude<Late, "holding">,
  policy: DeadlinePolicy
): void => {
  const address = remoteAddress(connection)
  if (late === "timeout" || late === "sending") {
    const timeout = late === "sending" ? "progressTimeout" : late
    const stuck = isWriting(connection)
    connection.closeReason ??= "TimedOut"
    abort(connection, () => new HttpError.PeerStalled({ timeout, limit: policy[timeout], address }))
    // What it has not taken by now it will not take.
    if (stuck) connection.transport.reset()
    else finish(connection, "TimedOut")
    return
  }
  const timeout = late === "receiving" ? "progressTimeout" : late
  const { received } = connection.waits
  const error = new HttpError.RequestTimeout({ timeout, limit: policy[timeout], address, received })
  reject(connection, error, "TimedOut")
}

// Our output waits for the client.
const isWriting = ({ backedUp, transport }: ServerConnection): boolean => backedUp || transport.buffered > 0
