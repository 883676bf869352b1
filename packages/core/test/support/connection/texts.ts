/** Converts facts about a server connection to text, for the recorded lines. */
import type { End, WireFacts } from "../../../src/model/outcome.js"
import type { BodyLoss, ClientFault } from "../../../src/connection/server/ports.js"

export const lossText = (loss: BodyLoss | ClientFault): string => {
  switch (loss._tag) {
    case "HangUp":
    case "Reset":
      return `${loss._tag} (${loss.reason}; ${loss.received} received${loss.reused ? ", reused" : ""})`
    case "Failed":
      return `Failed ${loss.fault.code} (${loss.phase})`
    case "Refused":
      return `Refused ${loss.refusal.code} @${loss.refusal.offset}`
    case "Late":
      return `Late ${loss.timeout} ${loss.limit} (${loss.received} received)`
    case "Stalled":
      return `Stalled ${loss.timeout} ${loss.limit}`
    case "TooLarge":
      return `TooLarge ${loss.limit}`
    case "AlreadyRead":
      return "AlreadyRead"
  }
}

export const endText = (end: End): string => {
  switch (end._tag) {
    case "Lost":
      return `Lost ${end.loss._tag}`
    default:
      return end._tag
  }
}

export const factsText = ({ bytesIn, bytesOut, status, upgraded }: WireFacts): string =>
  `${status ?? "no status"}, ${bytesIn} in, ${bytesOut} out` +
  (upgraded === undefined
    ? ""
    : `, ${upgraded.protocol} ended by ${upgraded.endedBy}` +
      (upgraded.closeCode === undefined ? "" : ` with ${upgraded.closeCode}`))
