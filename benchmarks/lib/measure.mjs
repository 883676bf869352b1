// Measures the CPU time of a server and of the load generator during a load of some seconds.
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

const busy = (from, to) => to.cpu.user + to.cpu.system - from.cpu.user - from.cpu.system // microseconds
const share = (from, to) => busy(from, to) / ((to.at - from.at) * 1000)

const order = async (load, command, input = {}) => {
  const { value, error } = await load.ask({ command, ...input })
  if (error !== undefined) throw new Error(error)
  return value
}

/** Runs `load` without measuring, so that the server's code is compiled before the measurement. */
export const warmUp = async (load, { seconds, ...job }) => {
  await order(load, "start", job)
  await pause(seconds)
  await order(load, "stop")
}

/**
 * Returns the server's CPU time per request (µs), the requests per second, and the utilization of both
 * processes (0 to 1). Both readings are taken while the load runs, so that opening connections does not
 * count.
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
