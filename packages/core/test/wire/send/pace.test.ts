/** The maximum output between two turns of the event loop. */
import { expect, it } from "vitest"
import { Pace, turnBytes, turnPieces } from "@httpfx/core/wire"

it.each([
  ["pieces", 0, 256],
  ["bytes", 4096, 256],
  ["large pieces", 1_048_575, 2],
  ["one piece of all that may go", 1_048_576, 1]
])(
  "a turn is due when the maximum number of %s was sent, and again after the same number",
  (_, bytes, pieces) => {
    expect([turnPieces, turnBytes]).toEqual([256, 1_048_576])
    const pace = new Pace()
    for (let round = 0; round < 3; round++) {
      for (let sent = 0; sent < pieces; sent++) {
        expect(pace.due).toBe(false)
        pace.sent(bytes)
      }
      expect(pace.due).toBe(true)
      pace.begin()
    }
  }
)
