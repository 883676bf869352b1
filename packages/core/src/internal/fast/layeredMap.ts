/**
 * A map over another one, which it shares: what is set goes into a layer of its own. For the services of a
 * request, which are a few besides the many of its server: a copy of those costs more than all else that
 * starts a fiber.
 *
 * Copies what it shares when somebody goes through it. The one beneath must not change, and no value may be
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
