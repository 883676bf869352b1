/**
 * A map that adds its own entries to the entries of a shared map without copying the shared map. Holds the
 * services of a request, because copying all services of the server would cost more than the rest of starting
 * a fiber.
 *
 * Copies the shared map when this map is iterated. The shared map must not change, and no value may be
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
    this.fill()
    return super.delete(key)
  }

  override clear(): void {
    this.beneath = undefined
    super.clear()
  }

  override get size(): number {
    this.fill()
    return super.size
  }

  override forEach(f: (value: V, key: K, map: Map<K, V>) => void, self?: unknown): void {
    this.fill()
    super.forEach(f, self)
  }

  override entries(): MapIterator<[K, V]> {
    this.fill()
    return super.entries()
  }

  override keys(): MapIterator<K> {
    this.fill()
    return super.keys()
  }

  override values(): MapIterator<V> {
    this.fill()
    return super.values()
  }

  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }

  private fill(): void {
    const { beneath } = this
    if (beneath === undefined) return
    this.beneath = undefined
    beneath.forEach((value, key) => {
      if (!super.has(key)) super.set(key, value)
    })
  }
}
