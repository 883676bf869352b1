/**
 * Builds the outcome of a finished exchange, for the observers of the server.
 */
import type { Loss } from "../../model/loss.js"
import type { End, Upgraded, WireFacts } from "../../model/outcome.js"
import type { Transport } from "../../seams/transport.js"
import type { Exchange, ServerPort, Times } from "./ports.js"
import type { UpgradeState } from "./upgradeState.js"

/** The members of a connection that `factsOf` reads. */
interface Counted {
  readonly id: number
  readonly transport: Transport
  readonly server: ServerPort
  readonly bytesIn: number
  readonly bytesOut: number
  readonly bytesInBefore: number
  readonly bytesOutBefore: number
}

type Described = Pick<Exchange, "number" | "head" | "status"> & {
  readonly body?: Exchange["body"]
  readonly bodyOut?: number
  readonly times?: Times | undefined
  readonly upgrade?: UpgradeState | undefined
}

/**
 * Returns the facts about an exchange. `exchange` is `undefined` for bytes that never became a request.
 * `status` is the status of a default response, if one was sent.
 */
export const factsOf = (
  connection: Counted,
  exchange: Described | undefined,
  status: number | undefined
): WireFacts => {
  const { timers } = connection.server
  const now = timers.now()
  const times = exchange?.times
  const begun = times?.begun ?? now
  return {
    connection: connection.id,
    exchange: exchange?.number ?? 0,
    remote: connection.transport.remote,
    method: exchange?.head.method,
    target: exchange?.head.target,
    status: exchange?.status ?? status,
    httpVersion: exchange === undefined ? undefined : exchange.head.versionMinor === 0 ? "1.0" : "1.1",
    bytesIn: connection.bytesIn - connection.bytesInBefore,
    bytesOut: connection.bytesOut - connection.bytesOutBefore,
    bodyIn: exchange?.body?.received ?? 0,
    bodyOut: exchange?.bodyOut ?? 0,
    startedAt: times?.startedAt ?? timers.wallTime(),
    answeredAfter: times?.answered === undefined ? undefined : Math.round(times.answered - begun),
    duration: Math.round(now - begun),
    upgraded: exchange?.upgrade === undefined ? undefined : upgraded(exchange.upgrade)
  }
}

const upgraded = ({ closeCode, endedBy = "server", protocol }: UpgradeState): Upgraded => ({
  protocol,
  endedBy,
  closeCode
})

const answered: End = { _tag: "Answered" }
const unanswered: End = { _tag: "Unanswered" }

/**
 * Returns how an exchange ended. `loss` is set if the exchange was aborted. `status` is the status of a
 * default response, if one was sent.
 */
export const endOf = (exchange: Exchange, loss: Loss | undefined, status: number | undefined): End => {
  const { responseComplete, shutDown, upgrade } = exchange
  if (upgrade === undefined ? responseComplete : loss === undefined && !shutDown) return answered
  if (loss !== undefined && !shutDown) return { _tag: "Lost", loss }
  // 500 and 503 are sent for a handler that produced no response, so such an exchange counts as unanswered.
  return status !== undefined && status !== 500 && status !== 503 ? answered : unanswered
}
