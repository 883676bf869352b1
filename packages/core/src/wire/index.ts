/**
 * HTTP/1.1 as pure TypeScript: bytes in, events out; events in, bytes out. No I/O, no clock, no Effect.
 *
 * Where to start: `automaton-table.ts` for what may happen on a connection, `parser.ts` for the way in,
 * `encode-response.ts` for the way out.
 *
 * What we send
 * - `violation.ts`        what our side must not send, and Node's words for it
 * - `validate.ts`         names, values, targets, status codes
 * - `encode-response.ts`  response heads, final and informational
 * - `informational-heads.ts` the heads of 100 and 102
 * - `early-hints.ts`      103, with its links checked
 * - `encode-request.ts`   request heads
 * - `node-head.ts`        what Node's own module adds to a head, for drivers with its API
 * - `encode-fields.ts`    the user's fields: checked, printed, understood
 * - `spelling.ts`         names and lines that repeat, checked and printed once
 * - `encode-tables.ts`    METHODS, STATUS_CODES
 * - `encode.ts`           what heads have in common
 * - `bodiless.ts`          which statuses have no content
 * - `default-responses.ts` what a server answers to rejected requests
 * - `framing.ts`          how the end of a body is marked
 * - `body-writer.ts`      bodies: chunks, trailers, accounting
 * - `pace.ts`             how much a pump sends between two turns of the event loop
 * - `date.ts`             the Date field
 *
 * What we receive
 * - `parser.ts` bytes in; heads, slices of bodies, trailers out (its head names the files it stands on)
 * - `events.ts`           what the parser calls, and what a driver answers to a head
 * - `head.ts`             a received head: facts, and the raw list of fields on demand
 * - `flags.ts`            strict, node, insecure: named leniency flags
 * - `host.ts`             whether a text is a host and port
 * - `lists.ts`            elements of lists in values, and the whitespace around them
 * - `limits.ts`           what one message may make us keep
 * - `deadlines.ts`        how long a server waits for its peer
 * - `keep-alive.ts`       what it announces of an idle connection, and when it closes one
 * - `refusal.ts`          why bytes were refused
 * - `fields.ts`           the raw list as headers, headersDistinct, trailers, trailersDistinct
 * - `expectation.ts`      whether a request expects what is not known
 * - `websocket.ts`        whether a request opens a WebSocket
 *
 * What may happen when
 * - `automaton-table.ts`  the rules of a connection
 * - `automaton.ts`        the automaton that walks them
 * - `automaton-compile.ts` the same rules as numbers
 * - `after-exchange.ts`   reuse or close, with the reason
 *
 * @since 0.1.0
 */
export * from "./after-exchange.js"
export * from "./automaton.js"
export type { RequestSignal, RequestState, ResponseSignal, ResponseState } from "./automaton-table.js"
export { hasNoContent, isBodiless } from "./bodiless.js"
export * from "./body-writer.js"
export * from "./date.js"
export * from "./deadlines.js"
export { nodeDefaultResponse } from "./default-responses.js"
export * from "./encode.js"
export { METHODS, STATUS_CODES } from "./encode-tables.js"
export * from "./encode-request.js"
export * from "./encode-response.js"
export * from "./early-hints.js"
export { continueHead, processingHead } from "./informational-heads.js"
export * from "./events.js"
export { asksToContinue, type Expectation, expectationOf, hasUnknownExpectation } from "./expectation.js"
export * from "./fields.js"
export { everyFlag, type FlagName, flagNames, type Flags, presets } from "../model/flags.js"
export type { Framing } from "./framing.js"
export { isHost } from "./host.js"
export type { Head, RequestHead, ResponseHead } from "./head.js"
export * from "./keep-alive.js"
export * from "./limits.js"
export { listElements, trimBlanks } from "./lists.js"
export * from "./node-head.js"
export * from "./pace.js"
export * from "./parser.js"
export { type Spelling, Spellings } from "./spelling.js"
export * from "../model/refusal.js"
export * from "./validate.js"
export { checkHandshake, type HandshakeRefusal } from "./websocket.js"
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
