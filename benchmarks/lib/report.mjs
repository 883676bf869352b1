// Prints results as Markdown tables, which can be pasted into a discussion.
const fixed = (digits) => (value) => (value === Infinity ? "none" : value.toFixed(digits))
const percent = (value) => `${Math.round(value * 100)} %`
const thousands = (value) => `${(value / 1000).toFixed(1)}k`
/** Prints a median, and in parentheses the lowest and the highest value. */
export const range = ({ median, min, max }, print) => `${print(median)} (${print(min)}-${print(max)})`

export const table = (head, rows) => {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join(
    "\n"
  )
}

const counted = ({ countingRounds, rounds }) =>
  `${countingRounds * 2 > rounds ? "yes" : "no"} (${countingRounds}/${rounds})`

/** Prints a server scenario, with the ratio in the first column. */
export const scenarioTable = (
  { title, baseline, differences, rows },
  { measured, other } = { measured: "server core", other: "load core" }
) => {
  const cells = rows.map((row) => [
    row.name,
    range(row.ratio, fixed(2)),
    range(row.requestsPerSecond, thousands),
    percent(row.serverBusy.median),
    percent(row.loadBusy.median),
    counted(row)
  ])
  const head = ["contestant", `speed, ${baseline} = 1`, "requests/s", measured, other, "counts"]
  const notes =
    differences === undefined
      ? "Responses: the load checks what it counts."
      : differences.length === 0
        ? "Responses: the same status, body and header names everywhere."
        : ["Responses: the same status, body and content type; header names differ:", ...differences].join(
            "\n  "
          )
  return `## ${title}\n\n${table(head, cells)}\n\n${notes}\n`
}

const mebibytes = (value) => `${value.toFixed(1)} MiB`

/** Prints one direction of a stream scenario. */
export const streamTable = ({ title, baseline, rows }) => {
  const head = [
    "contestant",
    `speed, ${baseline} = 1`,
    `throughput, ${baseline} = 1`,
    "MiB/s",
    "memory, peak above start",
    "server core",
    "load core",
    "counts"
  ]
  const cells = rows.map((row) => [
    row.name,
    range(row.ratio, fixed(2)),
    range(row.throughput, fixed(2)),
    fixed(0)(row.mebibytesPerSecond.median),
    range(row.growth, mebibytes),
    percent(row.serverBusy.median),
    percent(row.loadBusy.median),
    counted(row)
  ])
  return `## ${title}\n\n${table(head, cells)}\n`
}

/** Prints the memory of idle connections. */
export const idleTable = ({ title, baseline, notMeasured, rows }) => {
  if (notMeasured !== undefined) return `## ${title}\n\nNot measured: ${notMeasured}.\n`
  const head = [
    "contestant",
    `memory of ${baseline} = 1`,
    "resident in all",
    "before the first connection",
    "a connection"
  ]
  const cells = rows.map((row) => [
    row.name,
    range(row.ratio, fixed(2)),
    range(row.resident, mebibytes),
    range(row.before, mebibytes),
    range(row.perConnection, (bytes) => `${(bytes / 1024).toFixed(1)} KiB`)
  ])
  return `## ${title}\n\n${table(head, cells)}\n`
}

const milliseconds = (value) => (value === Infinity ? "did not end" : `${Math.round(value)} ms`)

/** Prints the longest stalls of event loops, with a row per situation. */
export const stallTable = ({ title, rows }) => {
  const head = ["situation", ...rows[0].stops.map(({ name }) => name)]
  const cells = rows.map(({ stops, title: situation }) => [
    situation,
    ...stops.map(({ stop }) => (stop.max === Infinity ? milliseconds(Infinity) : range(stop, milliseconds)))
  ])
  return `## ${title}\n\n${table(head, cells)}\n`
}

/** Prints tail latencies, with a row per contestant and situation. */
export const tailTable = ({ title, rows }) => {
  const head = ["contestant", "p50, ms", "p99, ms", "p99.9, ms", "answered", "counts"]
  const cells = rows.map(({ answered, counts, name, p50, p99, p999 }) => [
    name,
    range(p50, fixed(2)),
    range(p99, fixed(2)),
    range(p999, fixed(2)),
    percent(answered.median),
    counts ? "yes" : "no"
  ])
  return `## ${title}\n\n${table(head, cells)}\n`
}

/** Prints CPU time as one quantity grows, with a row per size. */
export const growthTable = ({ title, rows }) => {
  const head = ["size", ...rows[0].costs.map(({ name }) => `${name}, µs`)]
  const cells = rows.map(({ costs, size }) => [
    String(size),
    ...costs.map(({ cpuPerRequest }) => range(cpuPerRequest, fixed(1)))
  ])
  return `## ${title}\n\n${table(head, cells)}\n`
}
