/**
 * Handling of malformed requests and broken connections (Node's `clientError`).
 *
 * By default a server responds (400, 431, or another `ParseError.status`; 408 to a late request) and closes.
 * A handler sees each of these errors and may take over: return a response, or write to the connection.
 *
 * @since 0.1.0
 */

export type { ServerClientError, Handler } from "./internal/server/clientErrorApi.js"
