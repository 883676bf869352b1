// The process that measures memory against loopback: receives the duration over IPC, replies with the row.
import { networkTable, runNetworkRow } from "../networks.mjs"

process.on("message", async (options) => {
  const row = await runNetworkRow(options)
  process.send({ row, table: networkTable(row) })
})
process.on("disconnect", () => process.exit())
