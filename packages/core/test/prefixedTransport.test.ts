/** A `PrefixedTransport` delivers its prefix before other data, and nothing after the end. */
import { describe, expect, it } from "vitest"
import { noHandlers, PrefixedTransport, type Transport, type TransportHandlers } from "@httpfx/core/Transport"

const world = (prefix: string | null = "prefix") => {
  const log: Array<string> = []
  const later: Array<() => void> = []
  let inner: TransportHandlers = noHandlers
  const below = {
    start: (handlers: TransportHandlers) => void (inner = handlers),
    resume: () => void log.push("resume"),
    pause: () => void log.push("pause"),
    reset: () => void log.push("reset"),
    abandon: () => void log.push("abandon")
  } as unknown as Transport
  const bytes = prefix === null ? undefined : new TextEncoder().encode(prefix)
  const transport = new PrefixedTransport(below, bytes, (f) => void later.push(f))
  const handlers: TransportHandlers = {
    data: (chunk) => void log.push(new TextDecoder().decode(chunk)),
    end: () => void log.push("end"),
    drain: () => void log.push("drain"),
    error: () => void log.push("error"),
    close: () => void log.push("close")
  }
  return {
    log,
    transport,
    handlers,
    start: () => transport.start(handlers),
    /** The handlers that the transport below calls. */
    inner: () => inner,
    turn: () => later.splice(0).forEach((f) => f())
  }
}

const fault = { _tag: "Fault", code: "ECONNRESET", message: "" } as Parameters<TransportHandlers["error"]>[0]

describe("a prefixed transport", () => {
  it("delivers the prefix after the call of start, and then resumes", () => {
    const { log, start, turn } = world()
    start()
    expect(log).toEqual([])
    turn()
    expect(log).toEqual(["prefix", "resume"])
  })

  it("without a prefix, resumes in start", () => {
    const { log, start } = world(null)
    start()
    expect(log).toEqual(["resume"])
  })

  it("keeps the prefix while reading is paused", () => {
    const { log, start, transport, turn } = world()
    transport.pause()
    start()
    turn()
    expect(log).toEqual(["pause"])
    transport.resume()
    turn()
    expect(log).toEqual(["pause", "prefix", "resume"])
  })

  it("resumes nothing if the receiver of the prefix pauses", () => {
    const { handlers, log, transport, turn } = world()
    transport.start({ ...handlers, data: (chunk) => (handlers.data(chunk), transport.pause()) })
    turn()
    expect(log).toEqual(["prefix", "pause"])
  })

  it("gives the prefix to the handlers of the latest start", () => {
    const { handlers, log, start, transport, turn } = world()
    start()
    transport.start({ ...handlers, data: () => void log.push("second") })
    turn()
    expect(log).toEqual(["second", "resume"])
  })

  it.each<[string, (given: ReturnType<typeof world>) => void, ReadonlyArray<string>]>([
    ["an error", ({ inner }) => inner().error(fault), ["error"]],
    ["the close", ({ inner }) => inner().close(), ["close"]],
    ["a reset by the owner", ({ transport }) => transport.reset(), ["reset"]],
    ["abandoning", ({ transport }) => transport.abandon(), ["abandon"]]
  ])("delivers nothing after %s", (_, ends, expected) => {
    const given = world()
    given.start()
    ends(given)
    given.turn()
    expect(given.log).toEqual(expected)
  })
})
