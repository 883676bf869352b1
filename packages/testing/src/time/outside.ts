/**
 * The kinds of events that the process waits for from the operating system, if the platform tells (Node.js:
 * `process.getActiveResourcesInfo`).
 *
 * It cannot tell which test waits for them.
 */

/**
 * - `nothing`: no event is pending
 * - `timers`: timers are running, or the platform does not tell
 * - `io`: files, lookups, sockets or processes are in use
 */
export type Outside = "nothing" | "timers" | "io"

const host = globalThis as {
  readonly process?: { readonly getActiveResourcesInfo?: () => ReadonlyArray<string> }
}

// Pipes and message ports belong to the test runner.
const io = /Req|TCPSocket|TCPConnect|TLS|UDP|Process|Zlib|DNS|Query/

/** `known`: timers to leave out. */
export const outside = (known: number): Outside => {
  const active = host.process?.getActiveResourcesInfo?.()
  if (active === undefined) return "timers"
  if (active.some((type) => io.test(type))) return "io"
  return active.filter((type) => type === "Timeout" || type === "Immediate").length > known
    ? "timers"
    : "nothing"
}
