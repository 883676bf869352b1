// A scenario of growth: CPU time per request as one quantity grows. It reveals costs that grow faster than
// the quantity.
import { cores, start, startContestant } from "./child.mjs"
import { measure, warmUp } from "./measure.mjs"
import { spread } from "./statistics.mjs"

const rotate = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]

/**
 * Measures all contestants at all sizes in alternation. A contestant whose module depends on the size has a
 * process per size.
 */
export const runGrowth = async (scenario, { rounds, seconds, wants, warmup }, progress) => {
  const load = start("./load.mjs", [], cores.load)
  const servers = new Map()
  const serverOf = async (module) => {
    if (!servers.has(module)) {
      const server = startContestant("./serve.mjs", module, cores.server)
      servers.set(module, { server, port: await server.ask("port") })
    }
    return servers.get(module)
  }
  const cells = []
  for (const [name, script] of Object.entries(scenario.contestants)) {
    if (!wants(scenario.name, name)) continue
    for (const size of scenario.sizes) {
      cells.push({ name, size, module: typeof script === "function" ? script(size) : script, samples: [] })
    }
  }
  try {
    const jobOf = async ({ module, size }, duration) => {
      const { port, server } = await serverOf(module)
      return [server, load, { connections: 16, ...scenario.job(size), port, seconds: duration }]
    }
    for (const cell of cells) {
      progress(`${scenario.name}: warming up ${cell.name} at ${cell.size}`)
      const [, , job] = await jobOf(cell, warmup / scenario.sizes.length)
      await warmUp(load, job)
    }
    for (let round = 0; round < rounds; round++) {
      for (const cell of rotate(cells, round)) {
        progress(`${scenario.name}: round ${round + 1} of ${rounds}, ${cell.name} at ${cell.size}`)
        cell.samples.push(await measure(...(await jobOf(cell, seconds / 2))))
      }
    }
  } finally {
    for (const { server } of servers.values()) server.stop()
    load.stop()
  }
  const names = [...new Set(cells.map(({ name }) => name))]
  const rows = scenario.sizes.map((size) => ({
    size,
    costs: names.map((name) => {
      const { samples } = cells.find((cell) => cell.name === name && cell.size === size)
      return { name, cpuPerRequest: spread(samples.map(({ cpuPerRequest }) => cpuPerRequest)) }
    })
  }))
  return { name: scenario.name, title: scenario.title, rows, notDrawn: true }
}
