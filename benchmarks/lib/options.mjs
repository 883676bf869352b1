// The command line: what to run, for how long, and how to print it.
import { parseArgs } from "node:util"
import { checkoutAt } from "./against.mjs"

const usage = `npm run bench -- [options]
  scenarios: parser, networks, hello, router, layerRouter, routes, api, upload, file, compression, events, webSocket, tls, stream, idle, stalls,
             tail, growth, client, effect4, bun

  --only <words>     only rows whose scenario or contestant contains one of these words (comma between them)
  --rounds <n>       how often every contestant is measured, in alternation (default 5)
  --seconds <s>      length of one measurement (default 2)
  --warmup <s>       load before the first measurement of each contestant (default 3)
  --mebibytes <n>    MiB of one transfer of 'stream', at least 128 (default 1024)
  --connections <n>  connections of 'idle' (default 10000)
  --quick            2 rounds of 0.5 s after 1 s of warm-up, 128 MiB, 500 connections: shows that everything runs,
                     says little about speed
  --against <dir>    our own contestants on this checkout and on the built one in that folder, in alternation
  --chart <file>     draw the ratios, as SVG
  --json             print the numbers as JSON, without tables`

const positive = (name, text) => {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} wants a positive number, not ${text}`)
  return value
}

const atLeast = (least, name, text) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${name} wants an integer from ${least} on, not ${text}`)
  return value
}

export const readOptions = (args) => {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string", default: "" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      warmup: { type: "string" },
      mebibytes: { type: "string" },
      connections: { type: "string" },
      against: { type: "string" },
      chart: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  const words = values.only.split(",").filter((word) => word !== "")
  return {
    wants: (...names) =>
      words.length === 0 ||
      words.some((word) => names.some((name) => name.toLowerCase().includes(word.toLowerCase()))),
    rounds: Math.ceil(positive("rounds", values.rounds ?? (values.quick ? 2 : 5))),
    seconds: positive("seconds", values.seconds ?? (values.quick ? 0.5 : 2)),
    warmup: positive("warmup", values.warmup ?? (values.quick ? 1 : 3)),
    mebibytes: atLeast(128, "mebibytes", values.mebibytes ?? (values.quick ? 128 : 1024)),
    connections: atLeast(1, "connections", values.connections ?? (values.quick ? 500 : 10_000)),
    against: values.against === undefined ? undefined : checkoutAt(values.against),
    chart: values.chart,
    json: values.json
  }
}
