// Compares the CPU time per message of our parser and Node's own parser on the same buffers, in one process
// and in alternation. Both produce the same values: method, target, version and fields as strings, slices of
// the body, and the end. The results for every buffer are compared before the measurement.
//
// `node benchmarks/parser.mjs` runs only this comparison (after `npm run build`). `npm run bench` runs all
// comparisons.
import { fileURLToPath } from "node:url"
import { table } from "./lib/report.mjs"
import { spread } from "./lib/statistics.mjs"
import { presets, RequestParser, ResponseParser } from "@httpfx/core/wire"

// Suppress the deprecation warning of `process.binding`, because no other API gives access to the native
// parser.
const binding = (() => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.binding("http_parser")
  } finally {
    process.emitWarning = emitWarning
  }
})()
const { HTTPParser } = binding
const methods = binding.allMethods ?? binding.methods

const lines = (...all) => all.join("\r\n") + "\r\n\r\n"

const smallGet = lines("GET /hello HTTP/1.1", "Host: localhost:3000", "Connection: keep-alive")
const browserGet = lines(
  "GET /articles/2024/how-it-works?ref=home&page=2 HTTP/1.1",
  "Host: www.example.com",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Connection: keep-alive",
  "Upgrade-Insecure-Requests: 1",
  "Sec-Fetch-Dest: document",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-Site: same-origin",
  "Referer: https://www.example.com/articles",
  "Cookie: session=5f2b9c0e1d7a4b6e8c3f; theme=dark; consent=1"
)
const chunkedPost =
  lines(
    "POST /upload HTTP/1.1",
    "Host: localhost:3000",
    "Content-Type: application/octet-stream",
    "Transfer-Encoding: chunked"
  ) + `400\r\n${"x".repeat(1024)}\r\n80\r\n${"y".repeat(128)}\r\n10;part=3\r\n${"z".repeat(16)}\r\n0\r\n\r\n`
const response =
  lines(
    "HTTP/1.1 200 OK",
    "Content-Type: application/json; charset=utf-8",
    "Content-Length: 27",
    "Date: Mon, 01 Jan 2024 00:00:00 GMT",
    "Connection: keep-alive",
    "Keep-Alive: timeout=5"
  ) + '{"hello":"world","n":12345}'

/** The inputs. Each has a text, the number of messages in the text, and the number of pieces. */
export const rows = [
  { name: "small GET", text: smallGet, messages: 1 },
  { name: "browser GET, 12 fields", text: browserGet, messages: 1 },
  { name: "chunked POST, 3 chunks", text: chunkedPost, messages: 1 },
  { name: "16 pipelined GETs", text: smallGet.repeat(16), messages: 16 },
  { name: "browser GET cut in two", text: browserGet, messages: 1, pieces: 2 },
  { name: "response, JSON", text: response, messages: 1, response: true }
]

const piecesOf = ({ text, pieces = 1 }) => {
  const bytes = Buffer.from(text, "latin1")
  const size = Math.ceil(bytes.length / pieces)
  return Array.from({ length: pieces }, (_, k) => bytes.subarray(k * size, (k + 1) * size))
}

// Results are stored here, so that no engine can optimize them away.
let seen = 0
let log

const native = (row) => {
  const parser = new HTTPParser()
  parser.initialize(row.response ? HTTPParser.RESPONSE : HTTPParser.REQUEST, {}, 0, HTTPParser.kLenientNone)
  parser[HTTPParser.kOnHeadersComplete] = (
    major,
    minor,
    fields,
    method,
    target,
    status,
    reason,
    upgrade,
    keep
  ) => {
    const start = row.response ? status : methods[method]
    seen += major + minor + fields.length + (row.response ? reason : target).length
    log?.push([start, row.response ? reason : target, major, minor, fields, upgrade, keep])
    return 0
  }
  parser[HTTPParser.kOnBody] = (bytes) => {
    seen += bytes.length
    log?.push(bytes.toString("latin1"))
  }
  parser[HTTPParser.kOnMessageComplete] = () => {
    log?.push("end")
  }
  return parser
}

const ours = (row, flags, withFields) => {
  const events = {
    head(head) {
      const start = row.response ? head.status : head.method
      const text = row.response ? head.statusMessage : head.target
      seen += head.versionMajor + head.versionMinor + text.length
      if (withFields) seen += head.rawHeaders.length
      log?.push([
        start,
        text,
        head.versionMajor,
        head.versionMinor,
        head.rawHeaders,
        head.upgrade,
        head.keepAlive
      ])
      return 0
    },
    data(slice) {
      seen += slice.length
      log?.push(slice.toString("latin1"))
    },
    complete() {
      log?.push("end")
    }
  }
  return row.response ? new ResponseParser(events, { flags }) : new RequestParser(events, { flags })
}

const engines = {
  native: (row) => native(row),
  strict: (row) => ours(row, presets.strict, true),
  node: (row) => ours(row, presets.node, true),
  "strict, fields not read": (row) => ours(row, presets.strict, false)
}

const eventsOf = (make, row) => {
  log = []
  const parser = make(row)
  for (const piece of piecesOf(row)) {
    const consumed = parser.execute(piece)
    if (consumed !== piece.length)
      throw new Error(`${row.name}: ${consumed} of ${piece.length} bytes consumed`)
  }
  const events = JSON.stringify(log)
  log = undefined
  return events
}

const compare = (row) => {
  const [first, ...others] = Object.entries(engines).map(([name, make]) => [name, eventsOf(make, row)])
  for (const [name, events] of others) {
    if (events !== first[1]) throw new Error(`${row.name}: ${name} reads ${events}, ${first[0]} ${first[1]}`)
  }
}

/** Measures the CPU time per message, in microseconds, over about `milliseconds`. */
const measure = (parser, pieces, messages, milliseconds) => {
  let count = 0
  const before = process.cpuUsage()
  const end = performance.now() + milliseconds
  do {
    for (let k = 0; k < 500; k++) for (const piece of pieces) parser.execute(piece)
    count += 500 * messages
  } while (performance.now() < end)
  const { user, system } = process.cpuUsage(before)
  if (seen < 0) throw new Error("nothing was read")
  return (user + system) / count
}

/**
 * Measures every row. Returns the microseconds per message of each engine, and the ratio to the native
 * parser.
 */
export const runParserRows = ({ rounds = 9, milliseconds = 250, progress = () => {} } = {}) =>
  rows.map((row) => {
    compare(row)
    const pieces = piecesOf(row)
    const contestants = Object.entries(engines).map(([name, make]) => ({
      name,
      parser: make(row),
      times: []
    }))
    for (let round = -2; round < rounds; round++) {
      progress(`${row.name}, round ${Math.max(round + 1, 0)} of ${rounds}`)
      for (const { parser, times } of contestants) {
        const time = measure(parser, pieces, row.messages, milliseconds)
        // The first two rounds only warm up.
        if (round >= 0) times.push(time)
      }
    }
    const base = contestants[0].times
    return {
      name: row.name,
      engines: contestants.map(({ name, times }) => ({
        name,
        microseconds: spread(times),
        speed: spread(times.map((time, round) => base[round] / time))
      }))
    }
  })

const fixed = ({ median, min, max }) => `${median.toFixed(2)} (${min.toFixed(2)}-${max.toFixed(2)})`

/**
 * Prints a table: the CPU time per message of the native parser, and the speed of our parser relative to it.
 */
export const parserTable = (results) => {
  const [base, ...others] = results[0].engines.map(({ name }) => name)
  const head = ["messages", `${base}, µs`, ...others.map((name) => `${name}, ${base} = 1`)]
  const cells = results.map((row) => [
    row.name,
    fixed(row.engines[0].microseconds),
    ...row.engines.slice(1).map(({ speed }) => fixed(speed))
  ])
  return `## Parser, CPU time per message\n\n${table(head, cells)}\n\nEvents: the same everywhere.\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const quick = process.argv.includes("--quick")
  console.log(parserTable(runParserRows(quick ? { rounds: 3, milliseconds: 60 } : {})))
}
