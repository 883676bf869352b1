/**
 * A map that adds its own entries to those of a shared map without copying the shared map. It holds the
 * services of a request, because copying the many services of a server for each request would be slow.
 *
 * Copies the shared map only when an entry is deleted. The shared map must not change, and no value may be
 * `undefined`.
 */
export class LayeredMap<K, V> extends Map<K, V> {
  private beneath: ReadonlyMap<K, V> | undefined

  constructor(beneath: ReadonlyMap<K, V>) {
    super()
    this.beneath = beneath
  }

  override get(key: K): V | undefined {
    return super.get(key) ?? this.beneath?.get(key)
  }

  override has(key: K): boolean {
    return super.has(key) || this.beneath?.has(key) === true
  }

  override delete(key: K): boolean {
    const { beneath } = this
    if (beneath?.has(key) === true) {
      this.beneath = undefined
      beneath.forEach((value, key) => {
        if (!super.has(key)) super.set(key, value)
      })
    }
    return super.delete(key)
  }

  override clear(): void {
    this.beneath = undefined
    super.clear()
  }

  override get size(): number {
    const { beneath } = this
    if (beneath === undefined) return super.size
    let size = beneath.size
    for (const key of super.keys()) if (!beneath.has(key)) size++
    return size
  }

  override forEach(f: (value: V, key: K, map: Map<K, V>) => void, self?: unknown): void {
    for (const [key, value] of this.list()) f.call(self, value, key, this)
  }

  override entries(): MapIterator<[K, V]> {
    return this.list().values()
  }

  override *keys(): MapIterator<K> {
    for (const [key] of this.list()) yield key
  }

  override *values(): MapIterator<V> {
    for (const [, value] of this.list()) yield value
  }

  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }

  private list(): Array<[K, V]> {
    const { beneath } = this
    if (beneath === undefined) return Array.from(super.entries())
    const shared = entriesOf(beneath)
    const list =
      this.size === shared.length + super.size ? shared.slice() : shared.filter(([key]) => !super.has(key))
    for (const entry of super.entries()) list.push(entry)
    return list
  }
}

// Platform's routers copy the services of every request, so the list of the shared map's entries is cached.
const cache = new WeakMap<ReadonlyMap<unknown, unknown>, Array<[unknown, unknown]>>()

const entriesOf = <K, V>(map: ReadonlyMap<K, V>): Array<[K, V]> => {
  let entries = cache.get(map)
  if (entries === undefined)
    cache.set(map, (entries = Array.from(map, (entry) => Object.freeze(entry) as [K, V])))
  return entries as Array<[K, V]>
}
