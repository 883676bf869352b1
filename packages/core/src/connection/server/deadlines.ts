/**
 * Checks a server connection against its deadlines, and ends the connection when a deadline has expired.
 *
 * `wire/automaton/deadlines` decides which limit has expired. `check` is called by the sweep (the server's
 * periodic timer), and by the timer of an exchange that has its own deadlines.
 */
import { fault } from "../../model/fault.js"
import { isLost } from "../../seams/transport.js"
import { lookAgainAfter, type DeadlinePolicy, type Late } from "../../wire/index.js"
import { abort, breakOff } from "./endings.js"
import type { Exchange } from "./ports.js"
import { reject } from "./refusals.js"
import { addressText, type ConnectionState } from "./state.js"

/**
 * Ends the connection if a deadline has expired. Returns the time (ms) of the next deadline, or `Infinity`.
 */
export const check = (connection: ConnectionState, now: number): number => {
  if (connection.phase !== "open" || connection.isIdle) return Infinity
  const { exchange, server, transport, waits } = connection
  const policy = exchange?.deadlines ?? server.settings.timeouts
  // The client cannot send its body under our backpressure or before our 100 (Continue), so do not count that
  // time.
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

/** Replaces the server's deadlines for one exchange, and starts a timer that checks the new deadlines. */
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

// A paused transport is probed (read for a while) only if at most this many bytes above `highWaterMark` wait.
// One read adds at most 64 KiB, or 112 KiB in a bulk read.
const roomForProbe = 48 * 1024

/**
 * Returns whether a client under backpressure has left, and resets the connection if it has. If the client
 * has not left and the buffer has room, starts a probe. A probe reads despite backpressure, so that FIN or
 * RST is noticed.
 */
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

/** Ends a probe if the received bytes fill the buffer. Called for bytes received during a probe. */
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
    // Reset the connection, because FIN would wait behind the output that the client does not read.
    if (stuck) connection.transport.reset()
    else breakOff(connection, exchange, "TimedOut")
    return
  }
  const timeout = late === "receiving" ? "progressTimeout" : late
  const { received } = connection.waits
  reject(connection, { _tag: "Late", timeout, limit: policy[timeout], address, received }, "TimedOut")
}

// Returns whether output waits for the client to read.
const isWriting = ({ backedUp, transport }: ConnectionState): boolean => backedUp || transport.buffered > 0
