/**
 * What this process waits for from the operating system, as far as the platform says (Node.js: `process.getActiveResourcesInfo`).
 *
 * It only looks, and tells no test's own from another's.
 */

/**
 * - `nothing`: nothing can come
 * - `timers`: timers run, or the platform does not say; some are those of waits without end
 * - `answers`: files, names, sockets, processes
 */
export type Outside = "nothing" | "timers" | "answers"

const host = globalThis as {
  readonly process?: { readonly getActiveResourcesInfo?: () => ReadonlyArray<string> }
}

// Pipes and message ports are the test runner's.
const answering = /Req|TCPSocket|TCPConnect|TLS|UDP|Process|Zlib|DNS|Query/

/** `known`: so many of the timers do not count. */
export const outside = (known: number): Outside => {
  const active = host.process?.getActiveResourcesInfo?.()
  if (active === undefined) return "timers"
  if (active.some((type) => answering.test(type))) return "answers"
  return active.filter((type) => type === "Timeout" || type === "Immediate").length > known
    ? "timers"
    : "nothing"
}
