/**
 * Reports the kinds of events for which the process waits, as listed by `process.getActiveResourcesInfo` of
 * Node.js.
 *
 * The report is about the whole process, and does not show which test waits for an event.
 */

/**
 * - `nothing`: no event is pending
 * - `timers`: timers are pending, or the platform does not report pending events
 * - `io`: operations on files, lookups, sockets or child processes are pending
 */
export type Outside = "nothing" | "timers" | "io"

const host = globalThis as {
  readonly process?: { readonly getActiveResourcesInfo?: () => ReadonlyArray<string> }
}

// Matches resources that mean I/O. Pipes and message ports are left out, because the test runner uses them.
const io = /Req|TCPSocket|TCPConnect|TLS|UDP|Process|Zlib|DNS|Query/

/** Reports the pending events. `known` is the number of pending timers to ignore. */
export const outside = (known: number): Outside => {
  const active = host.process?.getActiveResourcesInfo?.()
  if (active === undefined) return "timers"
  if (active.some((type) => io.test(type))) return "io"
  return active.filter((type) => type === "Timeout" || type === "Immediate").length > known
    ? "timers"
    : "nothing"
}
