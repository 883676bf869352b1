// The measured process of `stalls`. It reports its port and the longest stall of its event loop over IPC.
const { start } = await import(new URL(process.argv[2], new URL("../", import.meta.url)))
const { port, upload } = await start()

// Interval of the checks of the event loop, ms.
const interval = 5

let last = performance.now()
let before = process.cpuUsage()
let longest = 0
setInterval(() => {
  const now = performance.now()
  const { system, user } = process.cpuUsage(before)
  // Limit the stall by the CPU time of this process, because time of other processes on the core does not
  // count.
  longest = Math.max(longest, Math.min(now - last - interval, (user + system) / 1000))
  last = now
  before = process.cpuUsage()
}, interval)

const commands = {
  port: () => port,
  /** Discards earlier measurements. */
  watch: () => {
    longest = 0
    return true
  },
  longest: () => longest,
  upload: ({ to }) => upload(to).then(() => true)
}

process.on("message", async (question) => {
  const { command = question } = question
  process.send(await commands[command](question))
})
process.on("disconnect", () => process.exit())
