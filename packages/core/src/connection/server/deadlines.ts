/**
 * Checks a server connection against its deadlines, and ends it when one has expired.
 *
 * `wire/automaton/deadlines` decides which limit has expired. The sweep calls `check`, or the timer of an
 * exchange with its own deadlines.
 */
import { fault } from "../../model/fault.js"
import { isLost } from "../../seams/transport.js"
import { lookAgainAfter, type DeadlinePolicy, type Late } from "../../wire/index.js"
import { abort, breakOff } from "./endings.js"
import type { Exchange } from "./ports.js"
import { reject } from "./refusals.js"
import { addressText, type ConnectionState } from "./state.js"

/** Returns the next deadline, ms (`Infinity`: none). */
export const check = (connection: ConnectionState, now: number): number => {
  if (connection.phase !== "open" || connection.isIdle) return Infinity
  const { exchange, server, transport, waits } = connection
  const policy = exchange?.deadlines ?? server.settings.timeouts
  // Our backpressure, and a body not yet requested by 100 (Continue), are not the client's delay.
  const reading =
    exchange !== undefined &&
    !exchange.requestComplete &&
    !connection.inflow.appliesBackpressure &&
    !connection.awaitsContinue(exchange)
  const late = waits.judge(now, policy, {
    headComplete: exchange !== undefined,
    reading,
    sent: connection.bytesOut - transport.buffered,
    writing: isWriting(connection),
    holding: connection.inflow.appliesBackpressure && !connection.inflow.probing
  })
  if (typeof late === "number") return late
  if (late === "holding") {
    waits.holding = undefined
    return isGone(connection) ? Infinity : check(connection, now)
  }
  isLate(connection, late, policy)
  return Infinity
}

/** Sets the exchange's own deadlines, with a timer. */
export const watch = (connection: ConnectionState, exchange: Exchange, policy: DeadlinePolicy): void => {
  if (connection.exchange !== exchange) return
  exchange.deadlines = policy
  connection.cancelWatch?.()
  const { timers } = connection.server
  const checkAgain = () => {
    const now = timers.now()
    const next = Math.min(check(connection, now), now + lookAgainAfter(policy, Infinity))
    if (connection.exchange === exchange && next < Infinity)
      connection.cancelWatch = timers.at(next, checkAgain)
  }
  checkAgain()
}

// One read after a pause brings at most 64 KiB, a bulk read 112 KiB: with the queued bytes they stay below
// the sum.
const roomForProbe = 48 * 1024

/** Checks whether a client under backpressure has left. */
const isGone = (connection: ConnectionState): boolean => {
  const { inflow, transport } = connection
  if (!isLost(transport)) {
    if (hasRoom(connection, 0)) inflow.probe()
    return false
  }
  connection.error(fault("ECONNRESET", "read", { address: transport.remote }))
  transport.reset()
  return true
}

/** Called for bytes received while the transport reads despite backpressure. */
export const probed = (connection: ConnectionState, bytes: number): void => {
  if (!hasRoom(connection, bytes)) connection.inflow.probed()
}

const hasRoom = ({ exchange, inflow, server }: ConnectionState, bytes: number): boolean =>
  inflow.queued + (exchange?.body?.waiting ?? 0) + bytes <= server.settings.highWaterMark + roomForProbe

const isLate = (
  connection: ConnectionState,
  late: Exclude<Late, "holding">,
  policy: DeadlinePolicy
): void => {
  const address = addressText(connection.transport.remote)
  if (late === "timeout" || late === "sending") {
    const timeout = late === "sending" ? "progressTimeout" : late
    const { exchange } = connection
    const stuck = isWriting(connection)
    connection.closeReason ??= "TimedOut"
    abort(connection, () => ({ _tag: "Stalled", timeout, limit: policy[timeout], address }))
    // The client reads nothing, so FIN would wait behind the buffered output.
    if (stuck) connection.transport.reset()
    else breakOff(connection, exchange, "TimedOut")
    return
  }
  const timeout = late === "receiving" ? "progressTimeout" : late
  const { received } = connection.waits
  reject(connection, { _tag: "Late", timeout, limit: policy[timeout], address, received }, "TimedOut")
}

// Output is waiting for the client to read.
const isWriting = ({ backedUp, transport }: ConnectionState): boolean => backedUp || transport.buffered > 0
