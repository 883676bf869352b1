/** Converts Node's errors to `Fault`s and `Fault`s to errors. Never decides how a failure is handled. */
import { formatAddress, type Address, type Fault } from "@httpfx/core/Transport"

/** The fields that Node sets on errors of system calls. */
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

/**
 * Converts an error of a socket to a fault. If the error does not name a system call, the fault names
 * `syscall`.
 */
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

/** Converts a fault to the error that a socket of Node would emit. */
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
