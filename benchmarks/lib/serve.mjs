// The measured process. It starts one contestant, and reports its port, CPU time and memory over IPC.
const { start } = await import(new URL(process.argv[2], new URL("../", import.meta.url)))
const port = await start()

// Interval between samples of the memory, for its peak, ms.
const interval = 5

let watching
let peak = 0
const look = () => {
  peak = Math.max(peak, process.memoryUsage.rss())
}

const commands = {
  port: () => port,
  usage: () => ({ at: performance.now(), cpu: process.cpuUsage() }),
  /** Starts to sample the resident memory, for its peak. Returns its current value in bytes. */
  watch: () => {
    peak = process.memoryUsage.rss()
    watching = setInterval(look, interval)
    return peak
  },
  /** Returns the peak since `watch`. */
  peak: () => {
    look()
    clearInterval(watching)
    return peak
  },
  /**
   * Returns the resident memory after a garbage collection as V8 makes it in a process that has been idle for
   * a while. It also shrinks the young generation, which `gc()` does not.
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
