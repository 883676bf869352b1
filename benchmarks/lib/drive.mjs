// The measured process of a client scenario. It runs one contestant, and reports the progress over IPC.
const [script, url, connections, expected] = process.argv.slice(2)
const { start } = await import(new URL(script, new URL("../", import.meta.url)))
const contestant = await start(url)

let count = 0
let trouble
const tick = (text) => {
  if (text === expected) count++
  else trouble ??= `a response was ${JSON.stringify(text)}`
}

let stop
const commands = {
  start: () => {
    stop = contestant.drive(Number(connections), tick)
  },
  mark: () => ({ at: performance.now(), cpu: process.cpuUsage(), count, trouble }),
  stop: () => stop()
}

process.on("message", async (command) => {
  try {
    process.send({ value: (await commands[command]()) ?? null })
  } catch (error) {
    process.send({ error: String(error) })
  }
})
process.on("disconnect", () => process.exit())
