/**
 * Runs the random programs of some seeds on the built-in module and on ours, and compares the traces line by
 * line.
 */
import builtin from "node:http"
import shim from "@httpfx/node/http"
import { expect } from "vitest"
import { run, unasked } from "./run.js"

// We follow Node.js 20. Later versions report other states of corked, aborted and unsent messages.
const isFollowed = process.versions.node.startsWith("20.")

export const compare = async (seed: number, runs: number, withCalls: boolean): Promise<void> => {
  for (let one = seed; one < seed + runs; one++) {
    const ours = await run(shim, one, withCalls)
    expect(ours.at(-1), `seed ${one}`).toBe("over")
    if (!isFollowed) continue
    const theirs = await run(builtin, one, withCalls)
    // Skip the program: Node.js 20 drops unsolicited bytes and keeps the connection, while we destroy it.
    if (theirs.includes(unasked)) continue
    const at = theirs.findIndex((line, i) => line !== ours[i])
    // Skip the program: if a request finishes after its response, Node.js 20 releases the connection twice.
    if (/^sent \d+ close /.test(theirs[at] ?? "") && theirs.indexOf(theirs[at]!) < at) continue
    const around = (lines: ReadonlyArray<string>) => lines.slice(Math.max(0, at - 12), at + 6)
    if (at >= 0) expect(around(ours), `seed ${one}, line ${at}`).toEqual(around(theirs))
    expect(ours.length, `seed ${one}`).toBe(theirs.length)
  }
}
