// The measured process: starts one contestant and reports over IPC its port, CPU time and memory.
const { start } = await import(new URL(process.argv[2], new URL("../", import.meta.url)))
const port = await start()

// Interval of the samples for the memory peak, ms.
const interval = 5

let watching
let peak = 0
const look = () => {
  peak = Math.max(peak, process.memoryUsage.rss())
}

const commands = {
  port: () => port,
  usage: () => ({ at: performance.now(), cpu: process.cpuUsage() }),
  /** Starts sampling the peak of the resident memory; returns its current value, bytes. */
  watch: () => {
    peak = process.memoryUsage.rss()
    watching = setInterval(look, interval)
    return peak
  },
  /** The peak since `watch`. */
  peak: () => {
    look()
    clearInterval(watching)
    return peak
  },
  /**
   * The resident memory after the collection that V8 makes by itself in a process that has been idle for a
   * while. It also shrinks the young generation, whose size `gc()` leaves unchanged.
   */
  memory: async () => {
    const { Session } = await import("node:inspector/promises")
    const session = new Session()
    session.connect()
    await session.post("HeapProfiler.collectGarbage")
    session.disconnect()
    return process.memoryUsage.rss()
  }
}

process.on("message", async (question) => process.send(await commands[question]()))
process.on("disconnect", () => process.exit())
