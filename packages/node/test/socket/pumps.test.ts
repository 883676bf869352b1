// Endless sources stop within a bounded number of pieces when the peer is lost, and yield to the event loop.
// Tests each source with each kind of loss on each network, while another request is served.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { turnPieces } from "@httpfx/core/wire"
import { columns, networks, on, rows, State, still, until } from "../support/pumping.js"

// A loss is reported in a turn of the event loop. Before it, the source may get a turn, and so may streams
// that end TLS.
const afterLoss = 4 * turnPieces
// Maximum number of bytes that wait for the connection: the high-water mark, the excess of one chunk, and TLS
// records.
const mostBuffered = 256 * 1024

const cells = Object.entries(rows).flatMap(([row, { begin, ends }]) =>
  columns.flatMap((column) =>
    Object.entries(networks).map(([network, net]) => {
      const end = ends[column]
      return { row, column, network, net, begin, end }
    })
  )
)
const applicable = cells.filter(({ end }) => end instanceof RegExp)

describe("A pump", () => {
  it.live.each(applicable)("of $row, $column, over $network", ({ begin, column, end, net }) => {
    const state = new State()
    return Effect.gen(function* () {
      const { cross, other, peer } = yield* begin(net, state, column)
      // `worst` is the maximum number of pieces that were produced between two turns, until the loss.
      let [worst, before, watching] = [0, 0, true]
      const watch = () => {
        worst = Math.max(worst, state.made - before)
        before = state.made
        if (watching) setImmediate(watch)
      }
      watch()
      if (column !== "limit") {
        yield* until(() => state.made > 1000)
        expect(yield* other).toBe("<other>")
      }
      let lostAt = state.made
      if (column === "reset") peer.transport.reset()
      else if (column === "FIN") {
        peer.transport.end()
        peer.transport.abandon?.()
      } else if (column === "interrupted") yield* state.interrupt
      else if (column === "limit") {
        yield* until(() => cross === undefined || state.made > 1000)
        lostAt = cross === undefined ? 3_000_000 / state.piece.length : state.made
        if (cross !== undefined) yield* cross
      } else {
        peer.transport.pause()
        yield* still(() => state.made)
        expect(state.ended).toBe(undefined)
        expect(state.buffered).toBeLessThanOrEqual(mostBuffered)
        expect(yield* other).toBe("<other>")
        lostAt = state.made
        peer.transport.reset()
      }
      yield* until(() => state.ended !== undefined)
      watching = false
      expect(state.ended).toMatch(end as RegExp)
      yield* still(() => state.made, 1)
      expect(state.made - lostAt).toBeLessThanOrEqual(afterLoss)
      // The source gets a turn before and after that of the watcher, and under load the watcher may miss
      // every other turn.
      expect(worst).toBeLessThanOrEqual(4 * turnPieces)
      expect(yield* other).toBe("<other>")
      peer.transport.reset()
    }).pipe(on(net, state))
  })

  it("each source has an outcome, or a reason why there is none, for each kind of loss", () => {
    for (const { end } of cells) if (!(end instanceof RegExp)) expect(end.notApplicable).not.toBe("")
    expect(cells).toHaveLength(Object.keys(rows).length * columns.length * 3)
  })
})
