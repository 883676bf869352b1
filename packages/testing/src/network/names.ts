/**
 * The name service of a memory network. Finds the addresses of names, and the addresses that a listener
 * covers.
 *
 * A generated address is computed from the name, so a name has the same address in every run unless two names
 * collide.
 */
import type { ResolvedAddress } from "@httpfx/core/Network"

const v4 = /^\d{1,3}(\.\d{1,3}){3}$/

/** Returns 4 or 6 for an IP address, and 0 for a name. */
export const familyOf = (host: string): 0 | 4 | 6 => (host.includes(":") ? 6 : v4.test(host) ? 4 : 0)

/** Normalizes a host from a URL or a call: lower case, without the brackets of IPv6. */
export const plain = (host: string): string =>
  (host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host).toLowerCase()

// Computes the FNV-1a hash of a name, reduced to 24 bits.
const hash = (name: string): number => {
  let value = 0x811c9dc5
  for (let index = 0; index < name.length; index++)
    value = Math.imul(value ^ name.charCodeAt(index), 0x01000193)
  return (value ^ (value >>> 24)) & 0xffffff
}

// Returns an address in 10.0.0.0/8 (RFC 1918). Callers avoid 10.0.0.x, because these addresses are reserved
// for clients.
const madeUp = (number: number) => `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`

export class Names {
  private readonly known = new Map<string, ReadonlyArray<string>>()
  private readonly taken = new Set<string>()
  private readonly called = new Map<string, ReadonlyArray<string>>()

  constructor(hosts: Readonly<Record<string, string | ReadonlyArray<string>>>) {
    this.set("localhost", ["127.0.0.1", "::1"])
    for (const [name, addresses] of Object.entries(hosts)) {
      this.set(name, typeof addresses === "string" ? [addresses] : [...addresses])
    }
  }

  /** Sets the addresses of a name. An empty list makes the name unknown. */
  set(host: string, addresses: ReadonlyArray<string>): void {
    const name = plain(host)
    if (addresses.length === 0) this.known.delete(name)
    else this.known.set(name, addresses)
    for (const address of addresses) {
      this.taken.add(address)
      this.remember(address, name)
    }
  }

  /** Returns the names that have this address now or had it before. */
  of(address: string): ReadonlyArray<string> {
    return this.called.get(address) ?? []
  }

  private remember(address: string, name: string): void {
    const names = this.called.get(address) ?? []
    if (!names.includes(name)) this.called.set(address, [...names, name])
  }

  /**
   * Returns the addresses of a name. Returns an empty list for an unknown name. An IP address resolves to
   * itself.
   */
  lookup(host: string): ReadonlyArray<ResolvedAddress> {
    const name = plain(host)
    const addresses = familyOf(name) === 0 ? (this.known.get(name) ?? []) : [name]
    return addresses.map((address) => ({ address, family: familyOf(address) === 6 ? 6 : 4 }))
  }

  /**
   * Returns the address for a listener on this host. A name that is still unknown gets a generated address.
   */
  claim(host: string): string {
    const name = plain(host)
    if (familyOf(name) !== 0) return name
    const known = this.known.get(name)?.[0]
    if (known !== undefined) return known
    let number = hash(name)
    while (number < 256 || this.taken.has(madeUp(number))) number = (number + 1) & 0xffffff
    const address = madeUp(number)
    this.set(name, [address])
    return address
  }
}

/** A bound port, with the addresses on which it accepts connections. */
export interface Binding {
  /**
   * The local address. `::` and `0.0.0.0` cover all addresses of their family. `::` covers both families
   * unless `ipv6Only` is set.
   */
  readonly host: string
  readonly port: number
  readonly ipv6Only: boolean
  /** Whether the port may be shared with other bindings that have this flag. */
  readonly shared: boolean
}

const wildcard = ({ host, ipv6Only }: Binding, family: 0 | 4 | 6) =>
  host === "::" ? family === 6 || !ipv6Only : host === "0.0.0.0" && family === 4

/** Returns whether a connection to this address and port reaches the binding. */
export const covers = (binding: Binding, host: string, port: number): boolean =>
  binding.port === port && (binding.host === host || wildcard(binding, familyOf(host)))

/**
 * Returns whether some address and port would reach both bindings. Two such bindings can coexist only if both
 * are `shared`.
 */
export const collide = (a: Binding, b: Binding): boolean =>
  a.port === b.port &&
  (a.host === b.host ||
    wildcard(a, familyOf(b.host)) ||
    wildcard(b, familyOf(a.host)) ||
    (a.host === "::" && b.host === "0.0.0.0" && !a.ipv6Only) ||
    (b.host === "::" && a.host === "0.0.0.0" && !b.ipv6Only))
