// The parser rows in a process of their own, pinned like a server, which does nothing but parse.
import { parserTable, runParserRows } from "../parser.mjs"

process.on("message", (options) => {
  const at = performance.now()
  const before = process.cpuUsage()
  const rows = runParserRows(options)
  const { user, system } = process.cpuUsage(before)
  process.send({ rows, table: parserTable(rows), busy: (user + system) / ((performance.now() - at) * 1000) })
})
process.on("disconnect", () => process.exit())
