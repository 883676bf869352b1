/** Checks that docs/timeouts-and-limits.md lists the server's options with the defaults of the code. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Server from "@httpfx/core/Server"
import * as ServerTimeouts from "@httpfx/core/ServerTimeouts"
import type * as Shutdown from "@httpfx/core/Shutdown"
import { presets } from "@httpfx/core/wire"
import * as Settings from "../src/internal/options/server.js"
import { documentText, tableIn, unquote } from "./support/documents.js"

const document = "timeouts-and-limits.md"

const timeouts: Readonly<Record<keyof ServerTimeouts.Options, true>> = {
  headersTimeout: true,
  requestTimeout: true,
  progressTimeout: true,
  progressBytes: true,
  timeout: true,
  keepAliveTimeout: true,
  keepAliveTimeoutBuffer: true,
  connectionsCheckingInterval: true
}

/** The options that this document must cover. docs/shutdown.md covers the options of a shutdown. */
type Option = Exclude<keyof Server.ServerOptions, keyof Shutdown.Options>

/** For each option, the section of the document that lists it, or the guide that describes it. */
const options: Readonly<Record<Option, "Set limits" | "Set further options" | `${string}.md`>> = {
  tls: "tls.md",
  flags: "strictness.md",
  onClientError: "exchange.md",
  unknownExpectations: "exchange.md",
  trustedProxies: "proxies.md",
  limits: "Set limits",
  maxBodySize: "Set limits",
  maxRequestsPerSocket: "Set limits",
  maxConnections: "Set limits",
  maxConnectionsPerAddress: "Set limits",
  maxConcurrentRequests: "Set limits",
  maxQueuedRequests: "Set limits",
  requestQueueTimeout: "Set limits",
  whenFull: "Set limits",
  retryAfter: "Set limits",
  highWaterMark: "Set limits",
  requireHostHeader: "Set further options",
  insecureHTTPParser: "Set further options",
  joinDuplicateHeaders: "Set further options",
  uniqueHeaders: "Set further options",
  rejectNonStandardBodyWrites: "Set further options",
  strictContentLength: "Set further options",
  sendDate: "Set further options",
  noDelay: "Set further options",
  keepAlive: "Set further options",
  keepAliveInitialDelay: "Set further options",
  allowHalfOpen: "Set further options"
}

const defaults = Effect.all({
  timeouts: ServerTimeouts.ServerTimeouts,
  settings: Effect.flatMap(ServerTimeouts.ServerTimeouts, (times) => Settings.make({}, times))
})

/** Parses a cell: a duration in ms, a number, a boolean or a word. Returns `undefined` for `none`. */
const said = (cell: string): unknown => {
  const duration = /([\d.]+) s\b/.exec(cell)
  if (duration !== null) return Number(duration[1]) * 1000
  const text = unquote(cell)
  if (text === "none" || text === "the system's") return undefined
  const number = /^\d+/.exec(text)
  if (number !== null) return Number(number[0])
  const flag = /\b(true|false)$/.exec(text)
  return flag === null ? text : flag[1] === "true"
}

describe(`docs/${document}`, () => {
  it.effect("has a row for every timeout, with its default", () =>
    Effect.gen(function* () {
      const rows = tableIn(document, "Set timeouts")
      assert.sameMembers(
        rows.map(([name]) => unquote(name)),
        Object.keys(timeouts)
      )
      const code = (yield* defaults).timeouts
      for (const [name, value] of rows) {
        // In the code, 0 means no limit.
        assert.strictEqual(said(value!) ?? 0, code[unquote(name) as keyof ServerTimeouts.Service], name)
      }
    })
  )

  it("leaves the other options to guides, which name these options", () => {
    for (const [name, place] of Object.entries(options)) {
      if (place.endsWith(".md")) assert.match(documentText(place), new RegExp(`\\b${name}\\b`), place)
    }
  })

  it.effect("has a row for every limit and every further option of a server, with its default", () =>
    Effect.gen(function* () {
      const { settings } = yield* defaults
      const code: Readonly<Record<string, unknown>> = {
        ...settings,
        ...Object.fromEntries(
          Object.entries(settings.limits).map(([name, value]) => [`limits.${name}`, value])
        ),
        "limits.maxTrailerSize": "maxHeaderSize",
        retryAfter: Number(settings.retryAfter) * 1000,
        requireHostHeader: "as in flags",
        insecureHTTPParser: settings.flags === presets.insecure,
        strictContentLength: true
      }
      for (const heading of ["Set limits", "Set further options"] as const) {
        const rows = tableIn(document, heading)
        const names = Object.keys(options).filter((name) => options[name as Option] === heading)
        assert.sameMembers(
          rows.map(([name]) => unquote(name)).filter((name) => !name.startsWith("limits.")),
          names.filter((name) => name !== "limits")
        )
        for (const [name, value] of rows) {
          const told = said(value!)
          const actual = code[unquote(name)]
          if (told === undefined) assert.include([undefined, 0], actual, name)
          else assert.strictEqual(told, actual, name)
        }
      }
      assert.sameMembers(
        tableIn(document, "Set limits")
          .map(([name]) => unquote(name))
          .filter((name) => name.startsWith("limits.")),
        Object.keys(settings.limits).map((name) => `limits.${name}`)
      )
    })
  )
})
