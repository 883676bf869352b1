// The measured process: starts one contestant and answers, over IPC, where it listens and what CPU time it has used.
const { start } = await import(new URL(process.argv[2], new URL("../", import.meta.url)))
const port = await start()

process.on("message", (question) => {
  if (question === "port") process.send(port)
  else process.send({ at: performance.now(), cpu: process.cpuUsage() })
})
process.on("disconnect", () => process.exit())
