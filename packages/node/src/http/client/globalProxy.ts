/**
 * `http.setGlobalProxyFromEnv`: replaces the global agents of http and https with agents that use the proxies
 * of an environment, and can restore the previous agents. If the https module is not loaded yet, the
 * environment is stored until the module is loaded.
 */
import { proxyOf, type ProxyEnv } from "./proxyChoice.js"
import { validateObject } from "../own/validate.js"

/** Access to the global agent of one module (http or https). */
export interface Globals {
  get(): object
  set(agent: object): void
  /** Makes an agent with the module's default options. If `proxyEnv` is given, the agent uses its proxies. */
  make(proxyEnv: ProxyEnv | undefined): object
}

interface Slot {
  globals: Globals | undefined
  /** The environment whose proxies the global agent uses. A module that is loaded later reads it. */
  wanted: ProxyEnv | undefined
}
const plain: Slot = { globals: undefined, wanted: undefined }
const secure: Slot = { globals: undefined, wanted: undefined }

const provide =
  (slot: Slot) =>
  (globals: Globals): void => {
    slot.globals = globals
    if (slot.wanted !== undefined) globals.set(globals.make(slot.wanted))
  }
export const providePlainGlobals = provide(plain)
export const provideSecureGlobals = provide(secure)

/**
 * Replaces the global agent with an agent that uses the proxies of this environment. Returns a function that
 * restores the previous agent.
 */
const replace = (slot: Slot, proxyEnv: ProxyEnv): (() => void) => {
  const { globals, wanted } = slot
  const before = globals?.get()
  globals?.set(globals.make(proxyEnv))
  slot.wanted = proxyEnv
  return () => {
    slot.wanted = wanted
    slot.globals?.set(before ?? slot.globals.make(wanted))
  }
}

/**
 * `http.setGlobalProxyFromEnv`. Reads `process.env` by default. Returns a function that restores the previous
 * agents.
 */
export function setGlobalProxyFromEnv(proxyEnv: ProxyEnv = process.env): () => void {
  validateObject(proxyEnv, "proxyEnv")
  // Parse the proxies of both protocols first, so that an invalid proxy throws before any agent is replaced.
  const byProxy = [
    { slot: plain, proxy: proxyOf(proxyEnv, "http:") },
    { slot: secure, proxy: proxyOf(proxyEnv, "https:") }
  ].filter(({ proxy }) => proxy !== undefined)
  const back = byProxy.map(({ slot }) => replace(slot, proxyEnv))
  return () => {
    for (const restore of back) restore()
  }
}
