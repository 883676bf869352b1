/**
 * Sends the parser's vectors (packages/core/test/vectors) to a server connection, as one chunk and byte by
 * byte.
 *
 * The result must match the vector's log, with three differences: a connection ends after its last message, a
 * tunnel gets the bytes after CONNECT, and an incomplete message at the end is a lost exchange instead of a
 * refusal.
 */
import { strict as assert } from "node:assert"
import { makeLimits } from "../../../src/wire/index.js"
import { textOf } from "../../support/connection/scriptedTransport.js"
import { ServerWorld } from "../../support/connection/serverWorld.js"
import { type Expected, readVectors, setupOf, type Vector } from "../../wire/receive/vectors/document.js"
import { overflows, run } from "../../wire/receive/vectors/log.js"
import { unescape } from "../../wire/receive/vectors/text.js"
import type { Row, Table } from "../table.js"

/** The requests and the end of a connection. */
interface Made {
  /** Method, target and body of each request. `body` is `undefined` if the body was incomplete. */
  readonly requests: ReadonlyArray<{ readonly start: string; readonly body: string | undefined }>
  /** The end of the connection. `tunnel` contains the bytes after the head. */
  readonly end:
    "ended" | "lost" | { readonly tunnel: string } | { readonly refused: string; readonly status: string }
}

const made = (bytes: Uint8Array, expected: Expected, vector: Vector, cut: number): Made => {
  const answered = new Set<unknown>()
  const world = new ServerWorld({
    settings: { flags: expected.flags, limits: makeLimits(vector.limits) },
    handle: (exchange) =>
      exchange.reads(() => {
        answered.add(exchange)
        const connect = exchange.head.method === "CONNECT"
        if (connect || (vector.answers === "stop" && exchange.asksForSwitch)) {
          return exchange.takesOver(connect ? 200 : 101)
        }
        return exchange.responds()
      })
  })
  const transport = world.connect()
  for (let from = 0; from < bytes.length; from += cut)
    world.act(() => transport.sends(bytes.slice(from, from + cut)))
  world.act(() => transport.ends())
  const tunnel = world.exchanges.map(({ switched }) => switched).find((text) => text !== undefined)
  const refusal = world.lines.map((line) => /^event client error Refused (\S+ @\d+)$/.exec(line)?.[1])
  const refused = refusal.find((text) => text !== undefined)
  const status = /HTTP\/1\.1 (\d+) [^\r]*\r\nConnection: close\r\nContent-Length: 0\r\n\r\n$/.exec(
    transport.written
  )?.[1]
  world.pass(10_000)
  assert.deepEqual(world.held, [], "nothing is held")
  return {
    requests: world.exchanges.map((exchange) => ({
      start: `${exchange.head.method} ${exchange.head.target}`,
      body: answered.has(exchange) ? exchange.text : undefined
    })),
    end:
      tunnel !== undefined
        ? { tunnel }
        : refused !== undefined
          ? { refused, status: status ?? "none" }
          : world.exchanges.some(({ loss }) => loss !== undefined)
            ? "lost"
            : "ended"
  }
}

/** Derives the expected result from the vector's log. */
const logged = ({ flags, log }: Expected, vector: Vector): Made => {
  const { answers, bytes } = vector
  const requests: Array<{ start: string; body: string | undefined }> = []
  let last = false
  let body = ""
  for (const line of log) {
    const head =
      /^head @(\d+) (\S+) "(.*)" HTTP\/\d\.(\d) (keep-alive|close)( upgrade)?(?: length=(\d+))?/.exec(line)
    const refused = /^refused (\S+ @\d+) status=(\d+)/.exec(line)
    const request = requests.at(-1)
    if (head !== null) {
      if (last) break
      const [, at, method, target, minor, kept, upgrade, length = "0"] = head
      requests.push({ start: `${method} ${unescape(target!)}`, body: undefined })
      body = ""
      last = kept === "close"
      const behind = textOf(bytes.slice(Number(at)))
      if (method === "CONNECT") {
        requests.at(-1)!.body = ""
        return { requests, end: { tunnel: behind } }
      }
      if (answers === "stop" && upgrade !== undefined && minor !== "0") {
        // The body of the request comes before the bytes of the other protocol.
        requests.at(-1)!.body = behind.slice(0, Number(length))
        return { requests, end: { tunnel: behind.slice(Number(length)) } }
      }
    } else if (line.startsWith("data ")) body += unescape(line.slice(6, -1))
    else if (line.startsWith("complete ")) request!.body = body
    else if (refused !== null) {
      if (last && request?.body !== undefined) break
      const within = request !== undefined && request.body === undefined
      if (within && refused[1]!.startsWith("HPE_INVALID_EOF_STATE")) return { requests, end: "lost" }
      return { requests, end: { refused: refused[1]!, status: refused[2]! } }
    }
  }
  // If the end of the connection completes the request, the client has left.
  const { completedByEnd } = run(setupOf(vector, flags), bytes, [bytes.length])
  return { requests, end: completedByEnd && !last ? "lost" : "ended" }
}

const isRefused = (end: Made["end"]): end is { refused: string; status: string } =>
  typeof end === "object" && "refused" in end

const check = (vector: Vector, expected: Expected): void => {
  const whole = logged(expected, vector)
  assert.deepEqual(made(vector.bytes, expected, vector, Infinity), whole, `${expected.preset}, whole`)
  const bytewise = made(vector.bytes, expected, vector, 1)
  // With smaller chunks, a text that is too long is refused at an earlier byte.
  const early =
    isRefused(bytewise.end) && bytewise.end.refused.includes("_OVERFLOW") && overflows(expected.log)
  if (early) assert.ok(isRefused(whole.end))
  else assert.deepEqual(bytewise, whole, `${expected.preset}, byte by byte`)
}

const rows: ReadonlyArray<Row> = readVectors()
  .filter(({ answers, role }) => role === "request" && (answers === "read" || answers === "stop"))
  .map((vector) => ({
    name: `${vector.file}: ${vector.title}`,
    run: () => vector.expected.forEach((expected) => check(vector, expected))
  }))

export const vectors: Table = { name: "the vectors, as requests to a server's connection", rows }
