/**
 * Creates platform's `ServeError` with the message of its cause, because log lines and supervisors show only
 * the message.
 */
import { ServeError } from "@effect/platform/HttpServerError"
import { withoutFrames } from "../errors/tagged.js"

export const serveError = (cause: { readonly message: string }): ServeError => {
  // Platform's constructor accepts `message`, although its type does not declare it.
  const fields: { readonly cause: unknown; readonly message: string } = { cause, message: cause.message }
  return withoutFrames(() => new ServeError(fields))
}
