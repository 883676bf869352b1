// One measurement: load on one server for a while, and the CPU time of both processes meanwhile.
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

const busy = (from, to) => to.cpu.user + to.cpu.system - from.cpu.user - from.cpu.system // microseconds
const share = (from, to) => busy(from, to) / ((to.at - from.at) * 1000)

const order = async (load, command, input = {}) => {
  const { value, error } = await load.ask({ command, ...input })
  if (error !== undefined) throw new Error(error)
  return value
}

/** Runs `load` without measuring, so that the code gets compiled. */
export const warmUp = async (load, { seconds, ...job }) => {
  await order(load, "start", job)
  await pause(seconds)
  await order(load, "stop")
}

/**
 * CPU microseconds of the server per request, requests per second, and utilization of both processes (0 to
 * 1). Readings are taken during the load, so the opening of connections does not count.
 */
export const measure = async (server, load, { seconds, ...job }) => {
  await order(load, "start", job)
  await pause(0.3)
  const [from, loadFrom] = await Promise.all([server.ask("usage"), order(load, "mark")])
  await pause(seconds)
  const [to, loadTo] = await Promise.all([server.ask("usage"), order(load, "mark")])
  await order(load, "stop")
  const trouble = loadFrom.trouble ?? loadTo.trouble
  if (trouble !== undefined) throw new Error(trouble)
  const requests = loadTo.count - loadFrom.count
  return {
    cpuPerRequest: busy(from, to) / requests,
    requestsPerSecond: requests / ((loadTo.at - loadFrom.at) / 1000),
    serverBusy: share(from, to),
    loadBusy: share(loadFrom, loadTo)
  }
}
