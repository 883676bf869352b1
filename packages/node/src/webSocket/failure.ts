/**
 * Platform's error of a WebSocket. Its message contains the message of its cause, which platform leaves out.
 */
import { SocketGenericError } from "@effect/platform/Socket"

export const socketError = (reason: "Open" | "Read" | "Write", cause: unknown): SocketGenericError => {
  const why = cause instanceof Error ? cause.message : String(cause)
  const error = new SocketGenericError({ reason, cause })
  return Object.defineProperty(error, "message", { value: `An error occurred during ${reason}: ${why}` })
}
