/**
 * The default responses of Node's servers to refused requests. The status is 400 for every code that is not
 * in the table, including codes that Node does not have. The default responses of the Effect API are in
 * `connection/server/refusals.ts`, and use the `status` of the refusal.
 */
import { STATUS_CODES } from "./encodeTables.js"

// As in Node, every code without an entry gives 400, even if `Refusal.status` fits better.
const statuses: ReadonlyMap<string, number> = new Map([
  ["HPE_HEADER_OVERFLOW", 431],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", 413],
  ["ERR_HTTP_REQUEST_TIMEOUT", 408]
])

/**
 * Returns the head that Node sends for an error with this code. The head has neither `Date` nor
 * `Content-Length`.
 *
 * @since 0.1.0
 * @category encoders
 */
export const nodeDefaultResponse = (code: string): string => {
  const status = statuses.get(code) ?? 400
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`
}
