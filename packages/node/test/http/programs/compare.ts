/** Runs the programs of seeds on the built-in module and on ours, and compares their traces line by line. */
import builtin from "node:http"
import shim from "@httpfx/node/http"
import { expect } from "vitest"
import { run, unasked } from "./run.js"

// The reference version; later ones report other states of corked, aborted and unsent messages.
const isFollowed = process.versions.node.startsWith("20.")

export const compare = async (seed: number, runs: number, withCalls: boolean): Promise<void> => {
  for (let one = seed; one < seed + runs; one++) {
    const ours = await run(shim, one, withCalls)
    expect(ours.at(-1), `seed ${one}`).toBe("over")
    if (!isFollowed) continue
    const theirs = await run(builtin, one, withCalls)
    // Node.js 20 drops unsolicited bytes and keeps the connection.
    if (theirs.includes(unasked)) continue
    const at = theirs.findIndex((line, i) => line !== ours[i])
    // If a request finishes after its response, Node.js 20 releases its connection twice.
    if (/^sent \d+ close /.test(theirs[at] ?? "") && theirs.indexOf(theirs[at]!) < at) continue
    const around = (lines: ReadonlyArray<string>) => lines.slice(Math.max(0, at - 12), at + 6)
    if (at >= 0) expect(around(ours), `seed ${one}, line ${at}`).toEqual(around(theirs))
    expect(ours.length, `seed ${one}`).toBe(theirs.length)
  }
}
