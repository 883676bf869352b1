/** A small seeded random generator. A case can be reproduced from the seed and its index. */
export interface Random {
  /** Returns an integer from 0 to `below - 1`. */
  int(below: number): number
  chance(probability: number): boolean
  pick<A>(from: ReadonlyArray<A>): A
}

export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  const int = (below: number): number => Math.floor((next() / 0x100000000) * below)
  return {
    int,
    chance: (probability) => next() / 0x100000000 < probability,
    pick: (from) => from[int(from.length)]!
  }
}
