/**
 * Names and addresses of a memory network: which name has which address, which address a listener covers.
 *
 * A name's made-up address depends on the name alone (but for collisions), so that it is the same in every run.
 */
import type { ResolvedAddress } from "@httpfx/core/Network"

const v4 = /^\d{1,3}(\.\d{1,3}){3}$/

/** 4 or 6 for an IP address, 0 for a name. */
export const familyOf = (host: string): 0 | 4 | 6 => (host.includes(":") ? 6 : v4.test(host) ? 4 : 0)

/** A host as it stands in a URL or in a call: lower case, without the brackets of IPv6. */
export const plain = (host: string): string =>
  (host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host).toLowerCase()

// FNV-1a, 24 bits of it.
const hash = (name: string): number => {
  let value = 0x811c9dc5
  for (let index = 0; index < name.length; index++)
    value = Math.imul(value ^ name.charCodeAt(index), 0x01000193)
  return (value ^ (value >>> 24)) & 0xffffff
}

// 10.0.0.0/8 (RFC 1918), without 10.0.0.x: our own end has an address there.
const madeUp = (number: number) => `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`

export class Names {
  private readonly known = new Map<string, ReadonlyArray<string>>()
  private readonly taken = new Set<string>()

  constructor(hosts: Readonly<Record<string, string | ReadonlyArray<string>>>) {
    this.known.set("localhost", ["127.0.0.1", "::1"])
    for (const [name, addresses] of Object.entries(hosts)) {
      const list = typeof addresses === "string" ? [addresses] : [...addresses]
      this.known.set(plain(name), list)
      for (const address of list) this.taken.add(address)
    }
  }

  /** The addresses of a name or of an IP address; empty for an unknown name. */
  lookup(host: string): ReadonlyArray<ResolvedAddress> {
    const name = plain(host)
    const addresses = familyOf(name) === 0 ? (this.known.get(name) ?? []) : [name]
    return addresses.map((address) => ({ address, family: familyOf(address) === 6 ? 6 : 4 }))
  }

  /** The address to listen on for a host: a name that is new gets one made up. */
  claim(host: string): string {
    const name = plain(host)
    if (familyOf(name) !== 0) return name
    const known = this.known.get(name)?.[0]
    if (known !== undefined) return known
    let number = hash(name)
    while (number < 256 || this.taken.has(madeUp(number))) number = (number + 1) & 0xffffff
    const address = madeUp(number)
    this.taken.add(address)
    this.known.set(name, [address])
    return address
  }
}

/** A bound port: which addresses it covers. */
export interface Binding {
  /** `::` and `0.0.0.0` are every address of their family, `::` of both unless `ipv6Only`. */
  readonly host: string
  readonly port: number
  readonly ipv6Only: boolean
}

const wildcard = ({ host, ipv6Only }: Binding, family: 0 | 4 | 6) =>
  host === "::" ? family === 6 || !ipv6Only : host === "0.0.0.0" && family === 4

/** Connections to this address and port reach the binding. */
export const covers = (binding: Binding, host: string, port: number): boolean =>
  binding.port === port && (binding.host === host || wildcard(binding, familyOf(host)))

/** Both cannot be bound at a time: some address would reach both. */
export const collide = (a: Binding, b: Binding): boolean =>
  a.port === b.port &&
  (a.host === b.host ||
    wildcard(a, familyOf(b.host)) ||
    wildcard(b, familyOf(a.host)) ||
    (a.host === "::" && b.host === "0.0.0.0" && !a.ipv6Only) ||
    (b.host === "::" && a.host === "0.0.0.0" && !b.ipv6Only))
