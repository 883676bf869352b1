/**
 * Platform's error of a server that could not start, with the message of its cause: log lines and supervisors
 * show the message alone.
 */
import { ServeError } from "@effect/platform/HttpServerError"

export const serveError = (cause: { readonly message: string }): ServeError => {
  // The constructor of platform takes a message, although its type has none.
  const fields: { readonly cause: unknown; readonly message: string } = { cause, message: cause.message }
  return new ServeError(fields)
}
