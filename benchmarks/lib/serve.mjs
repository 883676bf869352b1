// The measured process: starts one contestant and answers, over IPC, where it listens, what CPU time it has used, and
// what memory it holds.
const { start } = await import(new URL(process.argv[2], new URL("../", import.meta.url)))
const port = await start()

// How often memory is looked at for a peak, ms.
const interval = 5

let watching
let peak = 0
const look = () => {
  peak = Math.max(peak, process.memoryUsage.rss())
}

const commands = {
  port: () => port,
  usage: () => ({ at: performance.now(), cpu: process.cpuUsage() }),
  /** Begins to look for the peak of the resident memory; gives what it is now, bytes. */
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
  /** The resident memory after a collection; wants `--expose-gc`. */
  memory: () => {
    globalThis.gc()
    return process.memoryUsage.rss()
  }
}

process.on("message", (question) => process.send(commands[question]()))
process.on("disconnect", () => process.exit())
