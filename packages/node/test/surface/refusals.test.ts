/**
 * Calls the built-in modules and ours with thousands of invalid arguments. Both must return the same value,
 * or throw an error with the same class, code and message.
 */
import { strict as assert } from "node:assert"
import net from "node:net"
import { afterEach, it } from "vitest"
import { implementations, type Http, type Https } from "./harness.js"

/* eslint-disable @typescript-eslint/no-explicit-any */
type Probe = (value: any) => unknown

/** Creates new values for each call, because some calls change their arguments. */
const values = (): ReadonlyArray<unknown> => [
  ...[undefined, null, 0, 1, -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 53, true, false, 10n, Symbol("s")],
  ...["", "x", "1", "a b", "it's", "\u00e9", "\u0100", "\n", "x".repeat(40)],
  ...[
    [],
    [1],
    ["a"],
    ["a", "b"],
    [["a", "b"]],
    {},
    { a: 1 },
    () => {},
    new Date(0),
    Buffer.from("x"),
    new Map()
  ],
  new URL("http://a/b")
]

const socket = () => new net.Socket()
/** Requests to destroy in the same turn, so that nothing is sent. */
const requests: Array<{ destroy(): void }> = []

/** Names of the options that get each of the values. */
const options = {
  server:
    "connectionsCheckingInterval headersTimeout highWaterMark insecureHTTPParser joinDuplicateHeaders keepAlive keepAliveInitialDelay keepAliveTimeout maxHeaderSize noDelay requestTimeout requireHostHeader rejectNonStandardBodyWrites",
  agent: "keepAlive keepAliveMsecs maxSockets maxTotalSockets maxFreeSockets scheduling timeout",
  request:
    "agent auth defaultPort family headers hints host hostname insecureHTTPParser joinDuplicateHeaders localAddress localPort lookup maxHeaderSize method path port protocol setHost signal socketPath timeout",
  name: "host port localAddress family socketPath ca cert ciphers key rejectUnauthorized servername minVersion maxVersion secureProtocol crl"
}

const probesOf = (http: Http, https: Https): Readonly<Record<string, Probe>> => {
  const probes: Record<string, Probe> = {}
  const dateless = (head: unknown) => String(head).replace(/Date: .*/, "")
  const quiet = <A extends { on(name: "error", listener: () => void): unknown }>(one: A): A => {
    one.on("error", () => {})
    return one
  }
  const incoming = { method: "GET", httpVersionMajor: 1, httpVersionMinor: 1 } as any
  const res = (): any => quiet(new http.ServerResponse(incoming))
  const req = (given: object): any => {
    const made = quiet(http.request({ createConnection: socket, ...given }))
    requests.push(made)
    return made
  }

  for (const name of options.server.split(" ")) {
    probes[`http.createServer ${name}`] = (value) => void http.createServer({ [name]: value })
    probes[`https.createServer ${name}`] = (value) => void https.createServer({ [name]: value })
  }
  probes["http.createServer"] = (value) => void http.createServer(value)
  probes["https.createServer"] = (value) => void https.createServer(value)
  for (const name of options.agent.split(" ")) {
    probes[`http.Agent ${name}`] = (value) => (new http.Agent({ [name]: value }) as any)[name]
    probes[`https.Agent ${name}`] = (value) => (new https.Agent({ [name]: value }) as any)[name]
  }
  for (const name of options.request.split(" ")) {
    probes[`http.request ${name}`] = (value) => {
      // Skip these two values, because a request with the default agent would connect.
      if (name === "agent" && (value === undefined || value === null)) return undefined
      const made = req({ [name]: value })
      return [made.method, made.path, made.host, made.protocol, made.timeout, made.getHeaders(), made._header]
    }
  }
  for (const name of options.name.split(" ")) {
    probes[`getName ${name}`] = (value) =>
      [http, https].map((one) => new one.Agent().getName({ [name]: value } as object))
  }
  probes["http.request"] = (value) => {
    const made = quiet(http.request(value, { createConnection: socket }))
    requests.push(made)
    return [made.method, made.path, made.host, made.getHeaders()]
  }
  const messages: Readonly<Record<string, () => any>> = {
    ServerResponse: res,
    OutgoingMessage: () => quiet(new http.OutgoingMessage()),
    ClientRequest: () => req({ method: "POST" })
  }
  for (const [name, make] of Object.entries(messages)) {
    const on = (what: string, use: (message: any, value: any) => unknown) => {
      probes[`${name} ${what}`] = (value) => use(make(), value)
    }
    on("setHeader name", (message, value) => message.setHeader(value, "x").getHeaders())
    on("setHeader value", (message, value) => message.setHeader("n", value).getHeader("N"))
    on("appendHeader name", (message, value) => message.appendHeader(value, "x").getHeaders())
    on("appendHeader value", (message, value) => message.appendHeader("n", value).getHeader("N"))
    on("appendHeader behind", (message, value) =>
      message.setHeader("n", 5).appendHeader("n", value).getHeader("n")
    )
    for (const method of ["getHeader", "hasHeader", "removeHeader"])
      on(method, (message, value) => message[method](value))
    on("setHeaders", (message, value) => message.setHeaders(value).getHeaders())
    on("addTrailers", (message, value) => [message.addTrailers(value), message._trailer])
    on("addTrailers value", (message, value) => [message.addTrailers({ t: value }), message._trailer])
    on("addTrailers list", (message, value) => [message.addTrailers([["t", value]]), message._trailer])
    on("write", (message, value) => message.write(value))
    on("write encoding", (message, value) => message.write("a", value))
    on("end", (message, value) => message.end(value) === message)
    on("setTimeout", (message, value) => message.setTimeout(value) === message)
    for (const method of ["setHeader", "appendHeader", "removeHeader", "setHeaders", "_renderHeaders"])
      on(`${method} late`, (message, value) => {
        message._header = "sent"
        message[method](method === "setHeaders" ? new Map([["a", "b"]]) : "a", value)
      })
  }
  const head = (what: string, use: (message: any, value: any) => void) => {
    probes[`ServerResponse ${what}`] = (value) => {
      const message = res()
      use(message, value)
      return [message.statusCode, message.statusMessage, dateless(message._header)]
    }
  }
  head("writeHead", (message, value) => message.writeHead(value))
  head("writeHead reason", (message, value) => message.writeHead(200, value))
  head("writeHead headers", (message, value) => message.writeHead(200, "OK", value))
  head("writeHead headers over set ones", (message, value) =>
    message.setHeader("x", "y").writeHead(200, value)
  )
  head("writeHead value", (message, value) => message.writeHead(200, { a: value }))
  head("writeHead list", (message, value) => message.writeHead(200, ["a", value]))
  head("writeHead pairs", (message, value) => message.writeHead(200, [["a", value]]))
  head("writeHead twice", (message) => message.writeHead(200).writeHead(200))
  head("statusCode", (message, value) => Object.assign(message, { statusCode: value }).flushHeaders())
  head("statusMessage", (message, value) => Object.assign(message, { statusMessage: value }).flushHeaders())
  probes["writeEarlyHints"] = (value) => res().writeEarlyHints(value)
  probes["writeEarlyHints link"] = (value) =>
    res().writeEarlyHints({ link: typeof value === "symbol" ? 1 : value })
  probes["validateHeaderName"] = (value) => http.validateHeaderName(value)
  probes["validateHeaderName label"] = (value) => (http.validateHeaderName as any)("a b", value)
  probes["validateHeaderValue"] = (value) => http.validateHeaderValue("n", value)
  probes["validateHeaderValue name"] = (value) => http.validateHeaderValue(value, "\n")
  probes["setMaxIdleHTTPParsers"] = (value) => http.setMaxIdleHTTPParsers(value === 1 ? 1000 : value)
  for (const name of ["headers", "headersDistinct", "trailers"]) {
    probes[`IncomingMessage ${name}`] = (value) =>
      (Object.assign(new http.IncomingMessage(socket()), { [name]: value }) as any)[name]
  }
  return probes
}

const outcome = (probe: Probe, value: unknown): unknown => {
  try {
    return { answered: probe(value) }
  } catch (error) {
    const { code, message, name } = error as NodeJS.ErrnoException
    return { name, code, message }
  } finally {
    for (const request of requests.splice(0)) request.destroy()
  }
}

const isUnknownEncoding = (seen: unknown): boolean =>
  (seen as { readonly code?: string }).code === "ERR_UNKNOWN_ENCODING"

// Node's errors leave `stackTraceLimit` at 0 if a value cannot be printed. Restore it for other files in this
// process.
const { stackTraceLimit } = Error
afterEach(() => {
  Error.stackTraceLimit = stackTraceLimit
})

// Connection names of TLS differ: those of Node.js 22 have more parts. Since 22.23 they distinguish an empty
// list from a missing option, and nested from flat lists, as ours do on every version (agentName.test.ts).
const isAmbiguousList = (value: unknown): boolean =>
  Array.isArray(value) && (value.length === 0 || value.some(Array.isArray))
const major = Number(process.versions.node.split(".")[0])

it("both modules return the same value or throw the same error", () => {
  const [theirs, ours] = ["built-in", "httpfx"].map((name) => {
    const { http, https } = implementations[name]!
    return probesOf(http, https)
  }) as [Readonly<Record<string, Probe>>, Readonly<Record<string, Probe>>]
  let count = 0
  for (const [name, probe] of Object.entries(theirs)) {
    const [one, two] = [values(), values()]
    one.forEach((value, i) => {
      count++
      // Pass the same symbol or function to both, because two of them are never equal.
      const same = typeof value === "symbol" || typeof value === "function" ? value : two[i]
      const shown =
        typeof value === "symbol"
          ? value.toString()
          : JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : (v as unknown)))
      const own = outcome(ours[name]!, same)
      // Our module has the fix of this bug of older Node.js versions (fixes.test.ts).
      if (name.endsWith(" encoding") && isUnknownEncoding(own)) return
      if (name.startsWith("getName ") && (major >= 22 || isAmbiguousList(value))) return
      const seen = outcome(probe, value)
      // Newer versions of Node.js also refuse symbols here.
      if (major >= 24 && typeof value === "symbol" && isUnknownEncoding(seen)) return
      assert.deepEqual(own, seen, `${name}: ${shown}`)
    })
  }
  assert.ok(count > 4000, String(count))
})
