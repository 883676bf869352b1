/** Converts Node's errors to `Fault`s and back. Does not decide what a failure means. */
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

/** The fault for an error of a socket. `syscall` is the default for errors that name none. */
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

/** The error that a Node socket would emit for a fault. */
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
