/** Bytes without a pattern, the same for the same seed. */
export const incompressible = (size: number, seed: number): Uint8Array => {
  let state = seed
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 16
  })
}
