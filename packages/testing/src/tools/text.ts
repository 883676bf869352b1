/**
 * Prints a snapshot as text for a terminal, with the same content as the page.
 */
import type { Snapshot } from "./look.js"

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<unknown>>): string => {
  if (rows.length === 0) return "  none\n"
  const cells = [head, ...rows.map((row) => row.map((cell) => (cell === undefined ? "-" : String(cell))))]
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  return cells
    .map(
      (row) =>
        `  ${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}\n`
    )
    .join("")
}

/** Formats a request. Shortens it to 60 characters, so that lines stay readable. */
const requestOf = (method: string | undefined, target: string | undefined): string => {
  if (method === undefined) return "no request"
  const text = `${method} ${target}`
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

const entries = (record: Readonly<Record<string, number>>): string =>
  Object.entries(record)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ")

export const textOf = ({ agents, connections, exchanges, server }: Snapshot): string => {
  const { address, state, timeouts } = server
  const { progressBytes, ...durations } = timeouts
  const parts = [
    `server on ${address}: ${state}\n`,
    `timeouts (ms, 0: none)\n  ${entries(durations)}; progressBytes ${progressBytes}\n`,
    `connections: ${connections.length}\n` +
      table(
        ["connection", "client", "open ms", "exchanges", "bytes in", "out", "now"],
        connections.map(({ age, bytesIn, bytesOut, connection, exchanges, now, remote }) => [
          connection,
          remote,
          age,
          exchanges,
          bytesIn,
          bytesOut,
          now === undefined ? "idle" : `${requestOf(now.method, now.target)} for ${now.since} ms`
        ])
      ),
    `the last exchanges\n` +
      table(
        ["wire at", "request", "status", "outcome", "ms", "bytes in", "out"],
        exchanges.map((exchange) => [
          `/wire/${exchange.connection}/${exchange.exchange}`,
          requestOf(exchange.method, exchange.target),
          exchange.status,
          exchange.outcome,
          Math.round(exchange.duration * 10) / 10,
          exchange.bytesIn,
          exchange.bytesOut
        ])
      ),
    ...agents.map(
      ({ closed, connecting, idle, keys, name, open, queued }) =>
        `${name}: ${open} open, ${idle} idle, ${connecting} connecting, ${queued} waiting\n` +
        table(
          ["host", "open", "idle", "waiting"],
          Object.entries(keys).map(([key, at]) => [key, at.open, at.idle, at.queued])
        ) +
        (Object.keys(closed).length === 0 ? "" : `  closed: ${entries(closed)}\n`)
    )
  ]
  return parts.join("\n")
}
