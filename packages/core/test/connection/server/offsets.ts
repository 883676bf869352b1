/**
 * Splits messages at each byte: the result must not change. Ends the connection at each byte: complete
 * requests must get their responses, and the incomplete request must be lost exactly once.
 */
import { strict as assert } from "node:assert"
import { ServerWorld } from "../../support/connection/serverWorld.js"
import type { Row, Table } from "../table.js"
import { chunk, chunkedHead, close, connect, expecting, get, post, upgrade } from "./requests.js"

interface Message {
  readonly head: string
  /** The bytes of the message after its head, with their framing. */
  readonly rest?: string
  /** The body that the handler must read. */
  readonly body?: string
}

const streams: Readonly<Record<string, ReadonlyArray<Message>>> = {
  "a request": [{ head: get() }],
  "a body with a length": [{ head: post("/", "abcdef").slice(0, -6), rest: "abcdef", body: "abcdef" }],
  "a chunked body with trailers": [
    { head: chunkedHead("/"), rest: `${chunk("ab")}${chunk("cdef")}0\r\nX-Sum: 6\r\n\r\n`, body: "abcdef" }
  ],
  "an expectation": [{ head: post("/", "abc", expecting).slice(0, -3), rest: "abc", body: "abc" }],
  "pipelined requests": [
    { head: get("/1") },
    { head: post("/2", "abc").slice(0, -3), rest: "abc", body: "abc" },
    { head: chunkedHead("/3"), rest: `${chunk("de")}0\r\n\r\n`, body: "de" },
    { head: get("/4", close) }
  ],
  "HTTP/1.0": [{ head: get("/", "", "1.0") }]
}

const losses = {
  FIN: { leave: "ends", tag: "HangUp" },
  RST: { leave: "fails", tag: "Failed" },
  "a close": { leave: "closes", tag: "Reset" }
} as const

const textOf = (messages: ReadonlyArray<Message>): string =>
  messages.map(({ head, rest = "" }) => head + rest).join("")

const serve = (...chunks: ReadonlyArray<string>) => {
  const world = new ServerWorld()
  const transport = world.connect()
  for (const text of chunks) if (text !== "") world.act(() => transport.sends(text))
  return { world, transport }
}

const answers = (written: string): number => written.split("HTTP/1.1 200 OK\r\n").length - 1

const everyOffset = (text: string): ReadonlyArray<number> =>
  Array.from({ length: text.length + 1 }, (_, k) => k)

/** Asserts that two chunks, for every split, give the same responses and bodies as one chunk. */
const cutAnywhere = (messages: ReadonlyArray<Message>): void => {
  const text = textOf(messages)
  for (const offset of everyOffset(text)) {
    const { transport, world } = serve(text.slice(0, offset), text.slice(offset))
    // Compare only final responses, because a 100 is sent only if the body has not arrived with the head.
    assert.equal(answers(transport.written), messages.length, `cut at ${offset}`)
    assert.deepEqual(
      world.exchanges.map((exchange) => exchange.text),
      messages.map(({ body = "" }) => body),
      `cut at ${offset}`
    )
  }
}

/** Returns what the server has received from a client that leaves after `offset` bytes. */
const sentOf = (messages: ReadonlyArray<Message>, offset: number) => {
  let at = 0
  let whole = 0
  for (const [index, { body = "", head, rest = "" }] of messages.entries()) {
    if (offset < at + head.length) return { whole, withinHead: offset > at, opened: index, body: "" }
    if (offset < at + head.length + rest.length) return { whole, withinHead: false, opened: index + 1, body }
    at += head.length + rest.length
    whole++
  }
  return { whole, withinHead: false, opened: whole, body: "" }
}

const leaveAnywhere = (messages: ReadonlyArray<Message>, how: keyof typeof losses): void => {
  const text = textOf(messages)
  const { leave, tag } = losses[how]
  for (const offset of everyOffset(text)) {
    const { transport, world } = serve(text.slice(0, offset))
    world.act(() => transport[leave]())
    const { body, opened, whole, withinHead } = sentOf(messages, offset)
    const say = `${how} after ${offset}`
    assert.equal(answers(transport.written), whole, say)
    assert.equal(transport.written.includes("HTTP/1.1 400 "), withinHead && how === "FIN", say)
    assert.equal(world.exchanges.length, opened, say)
    for (const [index, exchange] of world.exchanges.entries()) {
      assert.equal(exchange.losses, index < whole ? 0 : 1, say)
      assert.equal(exchange.loss?._tag, index < whole ? undefined : tag, say)
      assert.equal(world.lines.filter((line) => line.startsWith(`event #${index + 1} ended `)).length, 1, say)
      if (index >= whole) assert.ok(body.startsWith(exchange.text), say)
    }
    world.pass(10_000)
    assert.ok(transport.closed, say)
    assert.equal(world.lines.filter((line) => line.startsWith("event connection closed ")).length, 1, say)
    assert.deepEqual(world.held, [], say)
  }
}

/** Asserts that bytes of the new protocol reach the new owner, for every split. */
const switchAnywhere = (head: string, status: number): void => {
  const text = `${head}hello`
  for (const offset of everyOffset(text)) {
    const world = new ServerWorld({ handle: (exchange) => exchange.takesOver(status) })
    const transport = world.connect()
    for (const piece of [text.slice(0, offset), text.slice(offset)])
      if (piece !== "") world.act(() => transport.sends(piece))
    assert.equal(world.exchange.switched, "hello", `cut at ${offset}`)
  }
}

const rows: ReadonlyArray<Row> = [
  ...Object.entries(streams).flatMap(([name, messages]) => [
    { name: `${name}, cut`, run: () => cutAnywhere(messages) },
    ...(Object.keys(losses) as Array<keyof typeof losses>).map((how) => ({
      name: `${name}, then ${how}`,
      run: () => leaveAnywhere(messages, how)
    }))
  ]),
  { name: "an upgrade, cut", run: () => switchAnywhere(get("/", upgrade), 101) },
  { name: "a tunnel, cut", run: () => switchAnywhere(connect, 200) }
]

export const offsets: Table = { name: "every offset of a server's messages", rows }
