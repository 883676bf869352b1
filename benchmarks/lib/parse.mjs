// Measures the parser rows in a separate process, which is pinned to a core like a server and only parses.
import { parserTable, runParserRows } from "../parser.mjs"

process.on("message", (options) => {
  const at = performance.now()
  const before = process.cpuUsage()
  const rows = runParserRows(options)
  const { user, system } = process.cpuUsage(before)
  process.send({ rows, table: parserTable(rows), busy: (user + system) / ((performance.now() - at) * 1000) })
})
process.on("disconnect", () => process.exit())
