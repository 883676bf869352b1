/**
 * How a connection, or the making of one, failed: the system's code and message.
 */
import { formatAddress, type Address } from "./address.js"

/**
 * Why the operating system (or the memory network) gave a connection or an operation up: a plain record, from
 * which the Effect driver makes a class of `HttpError` and the shim an `Error`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault {
  readonly _tag: "Fault"
  /** The system's code: `ECONNRESET`, `EPIPE`, `ECONNREFUSED`, `ETIMEDOUT`, `ENOTFOUND`, ... */
  readonly code: string
  /** The system's message, as Node prints it: `read ECONNRESET`. */
  readonly message: string
  /** What failed: `connect`, `read`, `write`, `listen`, `getaddrinfo`. */
  readonly syscall?: string | undefined
  /** The peer, or what was to be listened on. */
  readonly address?: Address | undefined
  /** The system's own error, where there is one. */
  readonly cause?: unknown
}

/**
 * A fault, with the message that Node prints for it unless another is given.
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
