// A scenario of stalls: the longest time for which one peer can block the event loop of a process. Each
// measurement has a process of its own, because one that spins never recovers.
import { setTimeout as wait } from "node:timers/promises"
import { cores, start } from "./child.mjs"
import { peers, warmUp } from "./stallPeers.mjs"
import { spread } from "./statistics.mjs"

/** Time (ms) after which an unresponsive process is given up. */
export const cap = 10_000

const within = (promise) => Promise.race([promise, wait(cap, undefined, { ref: false })])

/** Returns milliseconds; `Infinity`: it did not end. */
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

/** Returns a row per situation: the longest stall of each contestant. */
export const runStalls = async (scenario, { wants, rounds }, progress) => {
  const contestants = Object.entries(scenario.contestants).filter(([name]) => wants(scenario.name, name))
  const rows = []
  for (const [title, peer] of Object.entries(scenario.situations)) {
    const samples = new Map(contestants.map(([name]) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      for (const [name, script] of contestants) {
        // It would not end the next time either.
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
