// A scenario of stalls: the longest time for which one peer can block the event loop of a process. Each
// measurement starts a new process, because a process in an endless loop never recovers.
import { setTimeout as wait } from "node:timers/promises"
import { cores, start } from "./child.mjs"
import { peers, warmUp } from "./stallPeers.mjs"
import { spread } from "./statistics.mjs"

/** Time after which an unresponsive process is killed, ms. */
export const cap = 10_000

const within = (promise) => Promise.race([promise, wait(cap, undefined, { ref: false })])

/** Measures a stall in milliseconds. Returns `Infinity` if the stall did not end. */
const measure = async (script, peer) => {
  const child = start("./stallServe.mjs", [script], cores.server)
  try {
    const port = await child.ask("port")
    await warmUp(port)
    await wait(200)
    await child.ask("watch")
    const over = peers[peer]({ port, child }).then(() => child.ask("longest"))
    over.catch(() => {})
    return (await within(over)) ?? Infinity
  } finally {
    child.stop()
  }
}

/** Measures the contestants. Returns a row per situation, with the longest stall of each contestant. */
export const runStalls = async (scenario, { wants, rounds }, progress) => {
  const contestants = Object.entries(scenario.contestants).filter(([name]) => wants(scenario.name, name))
  const rows = []
  for (const [title, peer] of Object.entries(scenario.situations)) {
    const samples = new Map(contestants.map(([name]) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      for (const [name, script] of contestants) {
        // Skip the round, because a stall that did not end would not end in this round either.
        if (samples.get(name).includes(Infinity)) continue
        progress(`${scenario.name}: ${title}, round ${round + 1} of ${rounds}, ${name}`)
        samples.get(name).push(await measure(script, peer))
      }
    }
    const stops = contestants.map(([name]) => ({ name, stop: spread(samples.get(name)) }))
    rows.push({ title, stops })
  }
  return { name: scenario.name, title: scenario.title, rows, notDrawn: true }
}
