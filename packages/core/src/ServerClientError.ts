/**
 * Handling of malformed requests and broken connections (Node's `clientError`).
 *
 * By default, a server sends a response and closes the connection. The status is 400, 431 or another
 * `ParseError.status`, or 408 for a request that arrives too slowly. A handler is called for each of these
 * errors, and may instead return its own response or write to the connection.
 *
 * @since 0.1.0
 */

export type { ServerClientError, Handler } from "./internal/server/clientErrorApi.js"
