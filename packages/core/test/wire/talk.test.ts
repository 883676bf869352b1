/**
 * Our strict parser and Node's parser read every head and body that our encoders accept as one message with
 * the same contents. No user input can split a message into two.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  BodyWriter,
  encodeInformational,
  encodeRequestHead,
  encodeResponseHead,
  presets,
  type EncodedHead,
  type Part,
  type RequestHeadInput,
  type ResponseHeadInput
} from "@httpfx/core/wire"
import { runNative } from "./receive/differential/native.js"
import { runOurs } from "./receive/differential/ours.js"
import type { Answering, Case, Event, Role } from "./receive/differential/outcome.js"

type Head = Extract<Event, { _tag: "Head" }>

const inCharacters = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((c) => String.fromCharCode(c))
const visible = inCharacters(0x21, 0x7e)
const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/).map((text) => `x${text}`)
const value = fc
  .string({ unit: fc.oneof(visible, inCharacters(0x20, 0x20), inCharacters(0x80, 0xff)), maxLength: 20 })
  .map((text) => text.trim())
const fields = fc
  .array(fc.tuple(fc.oneof(name, fc.constantFrom("Accept", "Cookie", "Set-Cookie", "Date")), value), {
    maxLength: 6
  })
  .map((list) => list.flat())
const slices = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 })
const trailers = fc.option(
  fc.array(fc.tuple(name, value), { maxLength: 3 }).map((list) => list.flat()),
  { nil: undefined }
)
const cuts = fc.array(fc.nat(), { maxLength: 6 })

const sizeOf = (parts: ReadonlyArray<Uint8Array>) => parts.reduce((sum, part) => sum + part.length, 0)
const lengthOf = (known: boolean, parts: ReadonlyArray<Uint8Array>) => (known ? sizeOf(parts) : "unknown")

/** Returns the bytes of a message. With the framing `None`, the body is not sent. */
const send = (
  head: EncodedHead,
  parts: ReadonlyArray<Uint8Array>,
  trailers: ReadonlyArray<string> | undefined
): Buffer => {
  const sent: Array<Buffer> = [Buffer.from(head.head, "latin1")]
  const sink = (part: Part) =>
    void sent.push(typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))
  const writer = new BodyWriter(head.framing)
  if (head.framing._tag !== "None") {
    for (const part of parts) expect(writer.write(part, sink)).toBe(undefined)
  }
  expect(writer.end(head.framing._tag === "Chunked" ? trailers : undefined, sink)).toBe(undefined)
  return Buffer.concat(sent)
}

const caseOf = (role: Role, bytes: Buffer, cuts: ReadonlyArray<number>, answering: Answering): Case => ({
  role,
  bytes,
  answering,
  maxHeaderSize: 16_384,
  cuts: [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])]
    .filter((cut) => cut > 0)
    .sort((a, b) => a - b)
})

/** Parses a message with our strict parser, and asserts that Node's parser gives the same events. */
const received = (input: Case): ReadonlyArray<Event> => {
  const ours = runOurs(input, presets.strict)
  expect(ours.refusal).toBe(undefined)
  expect(ours.events).toEqual(runNative(input, "node").events)
  return ours.events
}

/** Returns whether `all` contains the fields of `some`, in the same order. */
const among = (some: ReadonlyArray<string>, all: ReadonlyArray<string>): boolean => {
  let at = 0
  for (let i = 0; i < all.length && at < some.length; i += 2) {
    if (all[i] === some[at] && all[i + 1] === some[at + 1]) at += 2
  }
  return at === some.length
}

const encoded = (result: ReturnType<typeof encodeRequestHead | typeof encodeResponseHead>): EncodedHead => {
  if (result._tag === "Violation") throw new Error(JSON.stringify(result))
  return result
}

const bodyOf = (events: ReadonlyArray<Event>) =>
  events.map((event) => (event._tag === "Data" ? event.text : "")).join("")
const textOf = (parts: ReadonlyArray<Uint8Array>) => Buffer.concat(parts).toString("latin1")

describe("requests", () => {
  const request = fc.record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "M-SEARCH"),
    path: fc.stringMatching(/^[a-z0-9/%._~!$&'()*+,;=:@-]{0,20}(\?[a-z=&%0-9?]{0,10})?$/),
    headers: fields,
    slices,
    known: fc.boolean(),
    trailers
  })

  it("arrive as sent, also several on a connection", () => {
    let chunked = 0
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), cuts, (requests, cuts) => {
        const sent: Array<Buffer> = []
        for (const { headers, known, method, path, slices, trailers } of requests) {
          const head = encoded(
            encodeRequestHead({
              method,
              target: `/${path}`,
              headers,
              host: "a.example:8080",
              body: lengthOf(known, slices),
              keepAlive: true,
              trailers: trailers !== undefined
            })
          )
          expect(head.close).toBe(undefined)
          sent.push(send(head, slices, trailers))
        }
        let rest = received(caseOf("request", Buffer.concat(sent), cuts, "read"))
        for (const { headers, method, path, slices, trailers } of requests) {
          const end = rest.findIndex((event) => event._tag === "Complete")
          const message = rest.slice(0, end + 1)
          rest = rest.slice(end + 1)
          const head = message[0] as Head
          expect([head.start, head.version, head.keepAlive]).toEqual([`${method} /${path}`, "1.1", true])
          expect(head.rawHeaders.slice(0, 2)).toEqual(["Host", "a.example:8080"])
          expect(among(headers, head.rawHeaders)).toBe(true)
          expect(bodyOf(message)).toBe(textOf(slices))
          expect(message.at(-1)).toEqual({ _tag: "Complete", rawTrailers: trailers ?? [] })
          if (head.rawHeaders.includes("Transfer-Encoding")) chunked++
        }
        expect(rest).toEqual([])
      }),
      { numRuns: 500 }
    )
    expect(chunked).toBeGreaterThan(100)
  })

  it("announce persistence as the peer reads it", () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.constantFrom(
          [],
          ["Connection", "close"],
          ["Connection", "x, Close"],
          ["connection", "keep-alive"]
        ),
        (keepAlive, headers) => {
          const head = encoded(
            encodeRequestHead({ method: "GET", target: "/", host: "a", headers, body: "none", keepAlive })
          )
          const [event] = received(caseOf("request", Buffer.from(head.head), [], "read")) as [Head]
          expect(event.keepAlive).toBe(head.close === undefined)
        }
      )
    )
  })
})

describe("responses", () => {
  const response = fc.record({
    method: fc.constantFrom("GET", "GET", "POST", "HEAD"),
    versionMinor: fc.constantFrom(1, 1, 1, 0),
    status: fc.constantFrom(200, 200, 201, 204, 206, 304, 404, 500, 999),
    headers: fields,
    own: fc.constantFrom([], [], ["Connection", "close"], ["Transfer-Encoding", "chunked"]),
    informational: fc.array(fc.constantFrom(100, 102, 103), { maxLength: 2 }),
    slices,
    known: fc.boolean(),
    keepAlive: fc.boolean(),
    trailers
  })

  it("arrive as sent, with the same body, trailers and persistence of the connection", () => {
    const framings: Record<string, number> = {}
    fc.assert(
      fc.property(response, cuts, (it, cuts) => {
        const headers = [...it.headers, ...it.own]
        const head = encoded(
          encodeResponseHead({
            method: it.method,
            versionMinor: it.versionMinor,
            status: it.status,
            headers,
            body: lengthOf(it.known, it.slices),
            keepAlive: it.keepAlive,
            keepAliveTimeout: 5000,
            date: "Sun, 06 Nov 1994 08:49:37 GMT",
            trailers: it.trailers !== undefined
          })
        )
        framings[head.framing._tag] = (framings[head.framing._tag] ?? 0) + 1
        const before = it.informational.map((status) => {
          const head = encodeInformational(status, ["x-a", "b"])
          return Buffer.from(head as string, "latin1")
        })
        const bytes = Buffer.concat([...before, send(head, it.slices, it.trailers)])
        const answering = it.method === "HEAD" ? "skip" : "read"
        const events = received(caseOf("response", bytes, cuts, answering))
        const heads = events.filter((event) => event._tag === "Head")
        expect(heads.map((head) => Number(head.start.slice(0, 3)))).toEqual([...it.informational, it.status])
        const final = heads.at(-1)!
        expect(among(it.headers, final.rawHeaders)).toBe(true)
        const hasBody = head.framing._tag !== "None"
        expect(bodyOf(events)).toBe(hasBody ? textOf(it.slices) : "")
        if (head.framing._tag !== "UntilClose") {
          const rawTrailers = head.framing._tag === "Chunked" ? (it.trailers ?? []) : []
          expect(events.at(-1)).toEqual({ _tag: "Complete", rawTrailers })
        }
        // The parser does not know that this is a response to HEAD. Without a length it assumes a body that
        // the end of the connection frames, so `keepAlive` may be `false`.
        if (it.method !== "HEAD") expect(final.keepAlive).toBe(head.close === undefined)
        else if (final.keepAlive) expect(head.close).toBe(undefined)
      }),
      { numRuns: 1500 }
    )
    for (const framing of ["None", "Length", "Chunked", "UntilClose"])
      expect(framings[framing]).toBeGreaterThan(40)
  })

  it("that switch protocols end where the other protocol begins", () => {
    const upgrade = encoded(
      encodeResponseHead({
        method: "GET",
        versionMinor: 1,
        status: 101,
        headers: ["Upgrade", "echo"],
        body: "none",
        keepAlive: true
      })
    )
    const tunnel = encoded(
      encodeResponseHead({
        method: "CONNECT",
        versionMinor: 1,
        status: 200,
        headers: [],
        body: "none",
        keepAlive: true
      })
    )
    for (const [head, answering] of [
      [upgrade, "stop"],
      [tunnel, "skip"]
    ] as const) {
      const events = received(caseOf("response", Buffer.from(head.head), [], answering))
      expect(events.map((event) => event._tag)).toEqual(["Head", "Complete"])
    }
    const bytes = Buffer.from(`${upgrade.head}\x00HTTP/1.1 200 OK\r\n\r\n`)
    const input = caseOf("response", bytes, [], "stop")
    const ending = { _tag: "Stopped", consumed: upgrade.head.length }
    expect(runOurs(input, presets.strict).ending).toEqual(ending)
    expect(runNative(input, "node").ending).toEqual(ending)
  })
})

describe("splitting (RFC 9112 §11.1, §11.2)", () => {
  const nasty = fc.constantFrom(
    "\r\n",
    "\n",
    "\r",
    "\0",
    "\u010d\u010a",
    "\u560d\u560a",
    "\x85",
    ": ",
    " ",
    "\t",
    "HTTP/1.1 200 OK\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding"
  )
  const text = fc
    .array(fc.oneof(nasty, fc.string({ maxLength: 5 }), inCharacters(0, 0x17f)), { maxLength: 4 })
    .map((parts) => parts.join(""))
  const tame = (arbitrary: fc.Arbitrary<string>) =>
    fc.oneof({ weight: 3, arbitrary }, { weight: 1, arbitrary: text })
  const list = fc.array(fc.tuple(tame(name), tame(value)), { maxLength: 3 }).map((list) => list.flat())

  // Parses a head with the most lenient parsers. If they find one message, every parser finds one.
  const heads = (role: Role, head: EncodedHead): ReadonlyArray<Head> => {
    const bytes = Buffer.from(head.head, "latin1")
    const input = caseOf(role, bytes, [], "read")
    const all: Array<Head> = []
    for (const outcome of [runOurs(input, presets.insecure), runNative(input, "insecure")]) {
      const found = outcome.events.filter((event) => event._tag === "Head")
      expect(found.length).toBeLessThanOrEqual(1)
      all.push(...found)
    }
    return all
  }
  const namesOf = (raw: ReadonlyArray<string>) => raw.filter((_, i) => i % 2 === 0)

  it("is impossible through a response", () => {
    let passed = 0
    const inputs = fc.record({
      headers: list,
      statusMessage: fc.option(tame(value), { nil: undefined }),
      date: fc.option(tame(value), { nil: undefined })
    })
    const plain: ResponseHeadInput = {
      method: "GET",
      versionMinor: 1,
      status: 200,
      headers: [],
      body: "none",
      keepAlive: true
    }
    fc.assert(
      fc.property(inputs, (input) => {
        const head = encodeResponseHead({ ...plain, ...input })
        if (head._tag === "Violation") return
        passed++
        const allowed = [...namesOf(input.headers), "Date", "Connection", "Content-Length"]
        for (const event of heads("response", head)) {
          for (const name of namesOf(event.rawHeaders)) expect(allowed).toContain(name)
        }
      }),
      { numRuns: 2000 }
    )
    expect(passed).toBeGreaterThan(200)
  })

  it("is impossible through a request", () => {
    let passed = 0
    const inputs = fc.record({
      method: tame(fc.constantFrom("GET", "POST")),
      target: tame(fc.constant("/")),
      headers: list,
      host: fc.option(tame(fc.constant("a")), { nil: undefined })
    })
    const plain: Omit<RequestHeadInput, "method" | "target"> = { headers: [], body: "none", keepAlive: true }
    fc.assert(
      fc.property(inputs, (input) => {
        const head = encodeRequestHead({ ...plain, ...input })
        if (head._tag === "Violation") return
        passed++
        const allowed = [...namesOf(input.headers), "Host", "Connection", "Content-Length"]
        for (const event of heads("request", head)) {
          expect(event.start).toBe(`${input.method} ${input.target}`)
          for (const name of namesOf(event.rawHeaders)) expect(allowed).toContain(name)
        }
      }),
      { numRuns: 2000 }
    )
    expect(passed).toBeGreaterThan(200)
  })

  it("is impossible through trailers", () => {
    fc.assert(
      fc.property(list, (trailers) => {
        const parts: Array<string> = []
        const writer = new BodyWriter({ _tag: "Chunked" })
        if (writer.end(trailers, (part) => void parts.push(part as string)) !== undefined) return
        const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        const input = caseOf("request", Buffer.from(head + parts.join(""), "latin1"), [], "read")
        for (const outcome of [runOurs(input, presets.insecure), runNative(input, "insecure")]) {
          const last = outcome.events.at(-1)
          expect(outcome.events.map((event) => event._tag)).toEqual(["Head", "Complete"])
          expect(last?._tag === "Complete" && namesOf(last.rawTrailers)).toEqual(namesOf(trailers))
        }
      }),
      { numRuns: 1000 }
    )
  })
})
