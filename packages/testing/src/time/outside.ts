/**
 * What the process still waits for from the operating system, as far as the platform tells (Node.js:
 * `process.getActiveResourcesInfo`).
 *
 * It cannot tell which test waits.
 */

/**
 * - `nothing`: no event is pending
 * - `timers`: timers are running, or the platform does not tell
 * - `answers`: files, name look-ups, sockets or processes are in use
 */
export type Outside = "nothing" | "timers" | "answers"

const host = globalThis as {
  readonly process?: { readonly getActiveResourcesInfo?: () => ReadonlyArray<string> }
}

// Pipes and message ports belong to the test runner.
const answering = /Req|TCPSocket|TCPConnect|TLS|UDP|Process|Zlib|DNS|Query/

/** `known`: timers to leave out. */
export const outside = (known: number): Outside => {
  const active = host.process?.getActiveResourcesInfo?.()
  if (active === undefined) return "timers"
  if (active.some((type) => answering.test(type))) return "answers"
  return active.filter((type) => type === "Timeout" || type === "Immediate").length > known
    ? "timers"
    : "nothing"
}
