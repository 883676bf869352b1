/**
 * Faults, which are failures of a connection or of an attempt to connect. A fault has the system's code and
 * message.
 */
import { formatAddress, type Address } from "./address.js"

/**
 * A failure that the operating system or the in-memory network of `@httpfx/testing` reported. The Effect API
 * converts a fault to a class of `HttpError`, and the callback API converts a fault to an `Error`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault {
  readonly _tag: "Fault"
  /** The system's code: `ECONNRESET`, `EPIPE`, `ECONNREFUSED`, `ETIMEDOUT`, `ENOTFOUND`, ... */
  readonly code: string
  /** The system's message in Node's format, such as `read ECONNRESET`. */
  readonly message: string
  /** The failed system call: `connect`, `read`, `write`, `listen`, `getaddrinfo`. */
  readonly syscall?: string | undefined
  /** The address of the peer, or the address to listen on. */
  readonly address?: Address | undefined
  /** The system's own error, if there is one. */
  readonly cause?: unknown
}

/**
 * Creates a fault. The default message is in Node's format, such as `connect ECONNREFUSED 127.0.0.1:80`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fault = (
  code: string,
  syscall: string,
  options?: { readonly address?: Address | undefined; readonly cause?: unknown; readonly message?: string }
): Fault => ({
  _tag: "Fault",
  code,
  syscall,
  message:
    options?.message ??
    `${syscall} ${code}${options?.address === undefined ? "" : ` ${formatAddress(options.address)}`}`,
  address: options?.address,
  cause: options?.cause
})
