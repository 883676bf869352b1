// The process in which memory is measured against loopback: told over IPC how long, answers with the row.
import { networkTable, runNetworkRow } from "../networks.mjs"

process.on("message", async (options) => {
  const row = await runNetworkRow(options)
  process.send({ row, table: networkTable(row) })
})
process.on("disconnect", () => process.exit())
