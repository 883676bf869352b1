/** A `ForwardingTransport` forwards every member of `Transport`, including the optional members. */
import { describe, expect, it } from "vitest"
import { noHandlers, type Transport, type TransportHandlers } from "@httpfx/core/Transport"
import * as Transports from "@httpfx/core/Transport"

const at = Transports.tcp("10.0.0.1", 80)
const facts: Required<Pick<Transport, Fact>> = {
  local: at,
  remote: Transports.tcp("10.0.0.2", 4000),
  tls: { protocol: "TLSv1.3" } as NonNullable<Transport["tls"]>,
  truncated: true,
  bodyAlreadyRead: "read",
  buffered: 7,
  writable: true
}
type Fact = "local" | "remote" | "tls" | "truncated" | "bodyAlreadyRead" | "buffered" | "writable"
type Call = Exclude<keyof Transport, Fact>

const bytes = new Uint8Array(2)
const calls: Record<Call, ReadonlyArray<unknown>> = {
  start: [noHandlers],
  write: ["head", bytes],
  cork: [],
  uncork: [],
  end: [],
  reset: [],
  abandon: [],
  isLost: [],
  pause: [],
  resume: [],
  ref: [],
  unref: [],
  noDelay: [true],
  keepAlive: [true, 500]
}

const stub = (without: ReadonlyArray<Call> = []) => {
  const made: Array<readonly unknown[]> = []
  const methods = Object.fromEntries(
    (Object.keys(calls) as ReadonlyArray<Call>)
      .filter((name) => !without.includes(name))
      .map((name) => [
        name,
        (...given: ReadonlyArray<unknown>) => {
          made.push([name, ...given])
          return name === "isLost" || name === "write" ? true : undefined
        }
      ])
  )
  return { made, below: { ...facts, ...methods } as unknown as Transport }
}

describe("a forwarding transport", () => {
  it.each(Object.keys(facts) as ReadonlyArray<Fact>)("has %s of the transport below", (fact) => {
    expect(new Transports.ForwardingTransport(stub().below)[fact]).toBe(facts[fact])
  })

  it.each(Object.keys(calls) as ReadonlyArray<Call>)("forwards %s with its arguments", (name) => {
    const { below, made } = stub()
    const over = new Transports.ForwardingTransport(below)
    const result = (over[name] as (...given: ReadonlyArray<unknown>) => unknown)(...calls[name])
    expect(made).toEqual([[name, ...calls[name]]])
    expect(result).toBe(name === "isLost" || name === "write" ? true : undefined)
  })

  it("resets if the transport below lacks `abandon`, and is not lost if it lacks `isLost`", () => {
    const { below, made } = stub(["abandon", "isLost"])
    const over = new Transports.ForwardingTransport(below)
    over.abandon()
    expect(over.isLost()).toBe(false)
    expect(made).toEqual([["reset"]])
  })

  it("passes the handlers unchanged", () => {
    const { below, made } = stub()
    const handlers: TransportHandlers = { ...noHandlers }
    new Transports.ForwardingTransport(below).start(handlers)
    expect(made[0]![1]).toBe(handlers)
  })
})
