/**
 * `http.setGlobalProxyFromEnv`: agents for both protocols that go by the proxies of an environment, in the
 * place of the global ones, and the way back. https may be loaded later, or never.
 */
import { proxyOf, type ProxyEnv } from "./proxyChoice.js"
import { validateObject } from "../own/validate.js"

/** The global agent of one protocol. */
export interface Globals {
  get(): object
  set(agent: object): void
  /** One as the module makes it, by these proxies or by none. */
  make(proxyEnv: ProxyEnv | undefined): object
}

interface Slot {
  globals: Globals | undefined
  /** By which proxies its agent is to go once it is there. */
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

/** Puts an agent by these proxies in place; gives the way back. */
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

/** `http.setGlobalProxyFromEnv`. Default: the process's environment. */
export function setGlobalProxyFromEnv(proxyEnv: ProxyEnv = process.env): () => void {
  validateObject(proxyEnv, "proxyEnv")
  // What is refused is refused before anything is replaced.
  const byProxy = [
    { slot: plain, proxy: proxyOf(proxyEnv, "http:") },
    { slot: secure, proxy: proxyOf(proxyEnv, "https:") }
  ].filter(({ proxy }) => proxy !== undefined)
  const back = byProxy.map(({ slot }) => replace(slot, proxyEnv))
  return () => {
    for (const restore of back) restore()
  }
}
