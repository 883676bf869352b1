/**
 * Random programs behave the same on the built-in module and on ours: same events in the same order, same
 * results, errors, states and bytes. `HTTPFX_FUZZ_SEED` repeats a run, and `HTTPFX_FUZZ_RUNS` sets the number
 * of programs.
 */
import { it } from "vitest"
import { compare } from "./programs/compare.js"

const seed = Number(process.env["HTTPFX_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env["HTTPFX_FUZZ_RUNS"] ?? 200)

it(`programs of ${runs} seeds from ${seed}`, () => compare(seed, runs, false))
