/**
 * Programs made at random do the same on the built-in module and on ours: the same events in the same order, results,
 * errors, states and bytes. `HTTPFX_FUZZ_SEED` repeats a run, `HTTPFX_FUZZ_RUNS` makes it longer.
 */
import builtin from "node:http"
import shim from "@httpfx/node/http"
import { expect, it } from "vitest"
import { run } from "./programs/run.js"

const seed = Number(process.env["HTTPFX_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env["HTTPFX_FUZZ_RUNS"] ?? 200)

// What ours follows; later versions differ from it in what corked, aborted and unsent messages say of themselves.
const isFollowed = process.versions.node.startsWith("20.")

/** Closes that were told before. Node.js 20 gives a connection back twice where a request is finished behind its answer. */
const repeated = (lines: ReadonlyArray<string>): number => {
  const closes = lines.filter((line) => /^sent \d+ close /.test(line))
  return closes.length - new Set(closes).size
}

it(`programs of ${runs} seeds from ${seed}`, { timeout: 60_000 + runs * 200 }, async () => {
  for (let one = seed; one < seed + runs; one++) {
    const ours = await run(shim, one)
    expect(ours.at(-1), `seed ${one}`).toBe("over")
    if (!isFollowed) continue
    const theirs = await run(builtin, one)
    if (repeated(theirs) > repeated(ours)) continue
    const at = theirs.findIndex((line, i) => line !== ours[i])
    const around = (lines: ReadonlyArray<string>) => lines.slice(Math.max(0, at - 12), at + 6)
    if (at >= 0) expect(around(ours), `seed ${one}, line ${at}`).toEqual(around(theirs))
    expect(ours.length, `seed ${one}`).toBe(theirs.length)
  }
})
