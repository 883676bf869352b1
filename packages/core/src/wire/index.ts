/**
 * HTTP/1.1 in pure TypeScript. Received bytes become events, and messages become bytes to send. Never uses
 * I/O, a clock or Effect.
 *
 * - `receive/` reads bytes: the parser, its limits, heads and their fields
 * - `send/` produces bytes: heads, bodies, the fields that Node adds, the pace of sending
 * - `automaton/` decides about the order of messages, reuse of connections, switches of protocols, tunnels,
 *   and a server's time limits
 * - `grammar/` has the syntax that both directions share: names, values, lists, hosts, statuses without a
 *   body
 *
 * Start reading at `automaton/table.ts`, `receive/parser.ts` or `send/encodeResponse.ts`.
 *
 * @since 0.1.0
 */
export * from "./automaton/afterExchange.js"
export * from "./automaton/automaton.js"
export type { RequestSignal, RequestState, ResponseSignal, ResponseState } from "./automaton/table.js"
export * from "./grammar/bodiless.js"
export * from "./send/bodyWriter.js"
export * from "./send/chunks.js"
export * from "./send/date.js"
export * from "./automaton/deadlines.js"
export { nodeDefaultResponse } from "./send/defaultResponses.js"
export * from "./send/encode.js"
export { METHODS, STATUS_CODES, statusLine } from "./send/encodeTables.js"
export * from "./send/encodeRequest.js"
export * from "./send/encodeResponse.js"
export * from "./send/earlyHints.js"
export { continueHead, processingHead } from "./send/informationalHeads.js"
export { announcesBody, bodyOf } from "./receive/bodyFraming.js"
export * from "./receive/events.js"
export {
  asksToContinue,
  type Expectation,
  expectationFailed,
  expectationOf,
  hasUnknownExpectation
} from "./receive/expectation.js"
export * from "./receive/fields.js"
export { everyFlag, type FlagName, flagNames, type Flags, presets } from "../model/flags.js"
export type { Framing } from "./send/framing.js"
export { isHost, lacksHost } from "./grammar/host.js"
export { parseHttpDate } from "./grammar/httpDate.js"
export type { Head, RequestHead, ResponseHead } from "./receive/head.js"
export * from "./automaton/keepAlive.js"
export * from "./automaton/reuse.js"
export * from "./automaton/switching.js"
export * from "./automaton/tunnel.js"
export * from "./receive/limits.js"
export { hasElement, listElements, trimBlanks } from "./grammar/lists.js"
export * from "./send/nodeHead.js"
export * from "./send/pace.js"
export * from "./receive/parser.js"
export { type Spelling, Spellings } from "./send/spelling.js"
export * from "../model/refusal.js"
export * from "./grammar/validate.js"
export { checkHandshake, type HandshakeRefusal } from "./receive/webSocket.js"
export {
  bodyNotAllowed,
  errorClassOf,
  headersSent,
  messageOf,
  trailersNotChunked,
  upgradeNotAsked,
  writeAfterEnd,
  type FieldConflict,
  type BodyViolation,
  type FieldsViolation,
  type RequestViolation,
  type TrailersViolation,
  type Violation,
  type ViolationCode,
  type ViolationFacts,
  type ViolationOf,
  type ViolationsOf
} from "../model/violation.js"
