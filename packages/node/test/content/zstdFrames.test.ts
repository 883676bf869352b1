// Finds the ends of Zstandard frames, on every Node.js. The frames were written by libzstd 1.5, and are whole
// or cut.
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { ZstdFrames } from "../../src/content/zstdFrames.js"

const frames: Readonly<Record<string, string>> = {
  "a raw block": "28b52ffd2003190000746561",
  "blocks of one repeated byte": "28b52ffda0e09304005400001061610100fbff39c00202001061039f0461",
  "a checksum": "28b52ffd241b7500004074656120616e642001004b0a171e697f59",
  "nothing in it": "28b52ffd2000010000",
  "a window instead of a size": "28b52ffd0000190000746561",
  "a window and a checksum": "28b52ffd04405400001061610100fbff39c002036a08618356bc98",
  "a size of two bytes": "28b52ffd60a00e4d000010616201009bcf7758",
  "two blocks": "28b52ffd005818000074656141000020616e6420746561",
  "bytes to skip": "502a4d1803000000616263",
  "no byte to skip": "5f2a4d1800000000"
}
const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"))

/** Reads the pieces, and returns the offset after each complete frame. */
const endsOf = (pieces: ReadonlyArray<Uint8Array>) => {
  const reader = new ZstdFrames()
  const ends: Array<number> = []
  let before = 0
  for (const piece of pieces) {
    for (let from = 0; from < piece.length;) {
      const { complete } = reader
      const end = reader.end(piece, from)
      if (end === undefined) return { ends, between: false, refused: true }
      if (reader.complete > complete) ends.push(before + end)
      from = end
    }
    before += piece.length
  }
  return { ends, between: reader.between, refused: false }
}

for (const [name, hex] of Object.entries(frames)) {
  it(`a frame with ${name}`, () => {
    const bytes = bytesOf(hex)
    expect(endsOf([bytes])).toEqual({ ends: [bytes.length], between: true, refused: false })
    for (let size = 1; size < bytes.length; size++)
      expect(endsOf([bytes.subarray(0, size)])).toEqual({ ends: [], between: false, refused: false })
  })
}

it("consecutive frames, split at any offset", () => {
  const some = fc.array(fc.constantFrom(...Object.values(frames)), { maxLength: 5 })
  fc.assert(
    fc.property(some, fc.array(fc.nat(150), { maxLength: 8 }), (all, cuts) => {
      const bytes = bytesOf(all.join(""))
      const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
      let end = 0
      const expected = all.map((hex) => (end += hex.length / 2))
      const pieces = at.slice(1).map((to, index) => bytes.subarray(at[index], to))
      expect(endsOf(pieces)).toEqual({ ends: expected, between: true, refused: false })
    })
  )
})

it.each(["00000000", "28b52ffe", "4f2a4d18", "602a4d18", "1f8b0800"])("%s begins no frame", (hex) => {
  expect(endsOf([bytesOf(hex)]).refused).toBe(true)
  expect(endsOf([bytesOf(frames["a raw block"]! + hex)])).toMatchObject({ ends: [12], refused: true })
})
