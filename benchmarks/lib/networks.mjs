// The process that compares the network in memory with loopback. It gets the duration over IPC and replies
// with the row.
import { networkTable, runNetworkRow } from "../networks.mjs"

process.on("message", async (options) => {
  const row = await runNetworkRow(options)
  process.send({ row, table: networkTable(row) })
})
process.on("disconnect", () => process.exit())
