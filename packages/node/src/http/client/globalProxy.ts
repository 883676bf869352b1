/**
 * `http.setGlobalProxyFromEnv`: replaces the global agents of both protocols with agents that use an
 * environment's proxies, and restores them. https may be loaded later, or never.
 */
import { proxyOf, type ProxyEnv } from "./proxyChoice.js"
import { validateObject } from "../own/validate.js"

/** The global agent of one protocol. */
export interface Globals {
  get(): object
  set(agent: object): void
  /** Makes an agent as the module does, with or without these proxies. */
  make(proxyEnv: ProxyEnv | undefined): object
}

interface Slot {
  globals: Globals | undefined
  /** The proxies for its agent, to be used once https is loaded. */
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

/** Replaces the global agent with one that uses these proxies; returns a function that restores it. */
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

/** `http.setGlobalProxyFromEnv`. Default: `process.env`. */
export function setGlobalProxyFromEnv(proxyEnv: ProxyEnv = process.env): () => void {
  validateObject(proxyEnv, "proxyEnv")
  // Parse both before replacing either, so that an error changes nothing.
  const byProxy = [
    { slot: plain, proxy: proxyOf(proxyEnv, "http:") },
    { slot: secure, proxy: proxyOf(proxyEnv, "https:") }
  ].filter(({ proxy }) => proxy !== undefined)
  const back = byProxy.map(({ slot }) => replace(slot, proxyEnv))
  return () => {
    for (const restore of back) restore()
  }
}
