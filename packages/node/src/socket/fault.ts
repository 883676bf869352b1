/**
 * Node's errors as `Fault`s and back. Nothing here decides what a failure means.
 */
import { formatAddress, type Address, type Fault } from "@httpfx/core/Transport"

/** What Node puts on the errors of system calls. */
interface SystemError extends Error {
  readonly code?: string
  readonly syscall?: string
  readonly address?: string
  readonly port?: number
}

const addressOf = (error: SystemError): Address | undefined =>
  error.address === undefined
    ? undefined
    : error.port === undefined
      ? { _tag: "UnixAddress", path: error.address }
      : { _tag: "TcpAddress", hostname: error.address, port: error.port }

/** The fault that an error of a socket stands for. `syscall` is used where the error names none. */
export const faultOf = (error: Error, syscall: string): Fault => {
  const system = error as SystemError
  return {
    _tag: "Fault",
    code: system.code ?? "ERR_HTTPFX_STREAM",
    message: system.message,
    syscall: system.syscall ?? syscall,
    address: addressOf(system),
    cause: error
  }
}

/** An error as a socket of Node would emit it. */
export const errorOf = (fault: Fault): Error => {
  if (fault.cause instanceof Error) return fault.cause
  return Object.assign(new Error(fault.message), {
    code: fault.code,
    syscall: fault.syscall,
    ...(fault.address === undefined
      ? {}
      : fault.address._tag === "TcpAddress"
        ? { address: fault.address.hostname, port: fault.address.port }
        : { address: formatAddress(fault.address) })
  })
}
