// The measured process of `stalls`: answers, over IPC, where it listens, and how long its event loop has
// stood still at most.
const { start } = await import(new URL(process.argv[2], new URL("../", import.meta.url)))
const { port, upload } = await start()

// How often the event loop is looked at, ms.
const interval = 5

let last = performance.now()
let before = process.cpuUsage()
let longest = 0
setInterval(() => {
  const now = performance.now()
  const { system, user } = process.cpuUsage(before)
  // What other processes take of the core is no stop of ours.
  longest = Math.max(longest, Math.min(now - last - interval, (user + system) / 1000))
  last = now
  before = process.cpuUsage()
}, interval)

const commands = {
  port: () => port,
  /** Forgets what was before. */
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
