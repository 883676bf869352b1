/**
 * The automaton of a connection: every entry of its table, its rules by name, and invariants after any
 * sequence of steps.
 */
import { describe, expect, it } from "vitest"
import {
  closeFor,
  Connection,
  pending,
  reuse,
  switchedOver,
  type CloseReason,
  type RequestFacts,
  type Violation
} from "@httpfx/core/wire"
import { steps, type RequestSignal, type ResponseSignal } from "../../../src/wire/automaton/table.js"

const get: RequestFacts = {
  method: "GET",
  versionMinor: 1,
  keepAlive: true,
  upgrade: false,
  expectContinue: false
}
const ok = { status: 200, keepAlive: true, framingUntilClose: false }

type Signal = (connection: Connection) => Violation | undefined
const request: Signal = (c) => c.requestHead(get)
const requestOf =
  (facts: Partial<RequestFacts>): Signal =>
  (c) =>
    c.requestHead({ ...get, ...facts })
const requestEnd: Signal = (c) => c.requestComplete()
const response: Signal = (c) => c.responseHead(ok)
const responseOf =
  (facts: Partial<typeof ok>): Signal =>
  (c) =>
    c.responseHead({ ...ok, ...facts })
const responseEnd: Signal = (c) => c.responseComplete()

/** Returns a connection after these steps. Each step must be accepted. */
const after = (...signals: ReadonlyArray<Signal>): Connection => {
  const connection = new Connection("server")
  for (const signal of signals) expect(signal(connection)).toBe(undefined)
  return connection
}
const exchange: ReadonlyArray<Signal> = [request, requestEnd, response, responseEnd]

const stateOf = (c: Connection) => ({
  request: c.request,
  response: c.response,
  outstanding: c.outstanding,
  reason: c.closeReason,
  after: c.after(),
  switched: c.switched,
  expectsContinue: c.expectsContinue,
  keepAlive: c.keepAlive
})

describe("every entry of the table", () => {
  const upgrade = requestOf({ upgrade: true })
  const switching = responseOf({ status: 101 })
  const requestStates: Record<keyof typeof steps.request, () => Connection> = {
    idle: () => after(),
    body: () => after(request),
    done: () => after(requestOf({ keepAlive: false }), requestEnd),
    switched: () => after(upgrade, requestEnd, switching),
    closed: () => after((c) => c.requestEof())
  }
  const requestCalls: Record<RequestSignal, Signal> = {
    head: request,
    refused: (c) => c.requestRefused("Refused"),
    complete: requestEnd,
    eof: (c) => c.requestEof()
  }
  const responseStates: Record<keyof typeof steps.response, () => Connection> = {
    idle: () => after(),
    head: () => after(upgrade, requestEnd),
    body: () => after(request, response),
    untilClose: () => after(request, responseOf({ framingUntilClose: true })),
    done: () => after(request, requestEnd, responseOf({ keepAlive: false }), responseEnd),
    switched: () => after(upgrade, requestEnd, switching),
    closed: () => after((c) => c.responseEof())
  }
  const responseCalls: Record<ResponseSignal, Signal> = {
    informational: (c) => c.responseInformational(103),
    head: response,
    headUntilClose: responseOf({ framingUntilClose: true }),
    switch: switching,
    complete: responseEnd,
    eof: (c) => c.responseEof()
  }

  const walk = <State extends string, Name extends string>(
    half: "request" | "response",
    states: Record<State, () => Connection>,
    calls: Record<Name, Signal>,
    allowed: Record<State, { readonly [S in Name]?: string }>
  ) => {
    for (const state of Object.keys(states) as Array<State>) {
      it(`${half}: ${state}`, () => {
        expect(states[state]()[half]).toBe(state)
        for (const name of Object.keys(calls) as Array<Name>) {
          const connection = states[state]()
          const before = stateOf(connection)
          const violation = calls[name](connection)
          if (allowed[state][name] !== undefined) {
            expect([name, violation]).toEqual([name, undefined])
          } else {
            // No request has asked for a switch in this state, so a 101 or 2xx is refused as an ordinary
            // head.
            expect([name, violation]).toEqual([
              name,
              {
                _tag: "Violation",
                code: "ERR_HTTPFX_OUT_OF_ORDER",
                half,
                state,
                signal: name === "switch" ? "head" : name
              }
            ])
            expect(stateOf(connection)).toEqual(before)
          }
        }
      })
    }
  }
  walk("request", requestStates, requestCalls, steps.request)
  walk("response", responseStates, responseCalls, steps.response)
})

describe("one exchange after the other", () => {
  it("returns to the initial state", () => {
    const fresh = stateOf(after())
    expect(fresh.after).toEqual({ _tag: "Reuse" })
    expect(stateOf(after(...exchange))).toEqual(fresh)
    expect(stateOf(after(...exchange, ...exchange, ...exchange))).toEqual(fresh)
    expect(after(...exchange, ...exchange).exchanges).toBe(2)
  })

  it("is pending from the request head to the end of the response", () => {
    for (let steps = 1; steps < exchange.length; steps++) {
      expect(after(...exchange.slice(0, steps)).after()).toEqual({ _tag: "Pending" })
    }
  })

  it("refuses a response before a request", () => {
    expect(response(after())).toMatchObject({ code: "ERR_HTTPFX_OUT_OF_ORDER", state: "idle" })
    expect(response(after(...exchange))).toMatchObject({ code: "ERR_HTTPFX_OUT_OF_ORDER", state: "idle" })
  })

  it("may get its response before the request is complete; then the rest of the request decides about reuse", () => {
    const early = after(request, response, responseEnd)
    expect(early.after()).toEqual({ _tag: "Close", reason: "RequestUnfinished" })
    expect(request(early)).toMatchObject({ half: "request", state: "body", signal: "head" })
    requestEnd(early)
    expect(early.after()).toEqual({ _tag: "Reuse" })
  })

  it("permits any number of informational responses before the final one, and none after", () => {
    const connection = after(request)
    for (const status of [100, 102, 103, 199, 103]) {
      expect(connection.responseInformational(status)).toBe(undefined)
    }
    response(connection)
    expect(connection.responseInformational(103)).toMatchObject({ state: "body", signal: "informational" })
  })

  it.each([101, 200, 99])("refuses %s as an informational status", (status) => {
    expect(after(request).responseInformational(status)).toEqual({
      _tag: "Violation",
      code: "ERR_HTTP_INVALID_STATUS_CODE",
      status
    })
  })

  it.each([100, 199])("refuses %s as a final status", (status) => {
    expect(after(request).responseHead({ ...ok, status })).toMatchObject({
      code: "ERR_HTTP_INVALID_STATUS_CODE"
    })
  })

  it("sends no informational response to HTTP/1.0 (RFC 9110 §15.2)", () => {
    const connection = after(requestOf({ versionMinor: 0 }))
    expect(connection.responseInformational(103)).toMatchObject({ code: "ERR_HTTPFX_OUT_OF_ORDER" })
  })

  it("reports that the client waits for 100", () => {
    const connection = after(requestOf({ expectContinue: true }))
    expect(connection.expectsContinue).toBe(true)
    connection.responseInformational(103)
    expect(connection.expectsContinue).toBe(true)
    connection.responseInformational(100)
    expect(connection.expectsContinue).toBe(false)
    expect(after(requestOf({ expectContinue: true }), response).expectsContinue).toBe(false)
    expect(after(request).expectsContinue).toBe(false)
  })
})

describe("closing", () => {
  const closed = (reason: CloseReason) => ({ _tag: "Close", reason })

  it.each<[string, CloseReason, ReadonlyArray<Signal>]>([
    [
      "the request asked to close",
      "RequestClose",
      [requestOf({ keepAlive: false }), requestEnd, response, responseEnd]
    ],
    [
      "HTTP/1.0",
      "Http10",
      [requestOf({ keepAlive: false, versionMinor: 0 }), requestEnd, response, responseEnd]
    ],
    [
      "the response announced the close",
      "ResponseClose",
      [request, requestEnd, responseOf({ keepAlive: false }), responseEnd]
    ],
    [
      "a body until close, after its end was sent",
      "UntilClose",
      [request, requestEnd, responseOf({ framingUntilClose: true }), responseEnd]
    ],
    [
      "a body until close, after the server's end of output",
      "UntilClose",
      [request, requestEnd, responseOf({ framingUntilClose: true }), (c) => c.responseEof()]
    ],
    ["the client ended before a request", "PeerEof", [(c) => c.requestEof()]],
    [
      "the client ended and got its response",
      "PeerEof",
      [request, requestEnd, (c) => c.requestEof(), response, responseEnd]
    ],
    [
      "the server ended its output before a response",
      "OwnEof",
      [request, requestEnd, (c) => c.responseEof()]
    ],
    [
      "the server ended its output within a response",
      "OwnEof",
      [request, requestEnd, response, (c) => c.responseEof()]
    ],
    [
      "refused bytes that got a response",
      "Refused",
      [(c) => c.requestRefused("Refused"), responseOf({ status: 400, keepAlive: false }), responseEnd]
    ],
    [
      "a body that was refused after the response: there is no second response",
      "TimedOut",
      [request, response, responseEnd, (c) => c.requestRefused("TimedOut")]
    ]
  ])("%s", (_, reason, signals) => {
    const connection = after(...signals)
    expect(connection.after()).toEqual(closed(reason))
    expect(connection.closeReason).toBe(reason)
    expect(request(connection)).toMatchObject({ code: "ERR_HTTPFX_OUT_OF_ORDER", half: "request" })
  })

  it("closes an idle connection at once, and a busy one after its response", () => {
    const idle = after(...exchange)
    idle.mustClose("IdleTimeout")
    expect(idle.after()).toEqual(closed("IdleTimeout"))
    expect(request(idle)).toMatchObject({ state: "done" })

    const busy = after(request, requestEnd)
    expect(busy.keepAlive).toBe(true)
    busy.mustClose("Draining")
    expect(busy.keepAlive).toBe(false)
    expect(busy.after()).toEqual({ _tag: "Pending" })
    expect(response(busy)).toBe(undefined)
    expect(responseEnd(busy)).toBe(undefined)
    expect(busy.after()).toEqual(closed("Draining"))
  })

  it("has one frozen value for each reason", () => {
    for (const value of [closeFor("Draining"), reuse, pending, switchedOver])
      expect(Object.isFrozen(value)).toBe(true)
    expect(closeFor("Draining")).toBe(closeFor("Draining"))
    expect(closeFor("Draining")).toEqual(closed("Draining"))
    expect(closeFor("Failed")).toEqual(closed("Failed"))
    expect(after().after()).toBe(reuse)
    expect(after(request).after()).toBe(pending)
  })

  it("keeps the first reason", () => {
    const connection = after(requestOf({ keepAlive: false }))
    connection.mustClose("Draining")
    connection.mustClose("Failed")
    expect(connection.closeReason).toBe("RequestClose")
  })

  it("distinguishes our own end of a direction from the peer's", () => {
    for (const [role, own, peer] of [
      ["client", "requestEof", "responseEof"],
      ["server", "responseEof", "requestEof"]
    ] as const) {
      const ended = new Connection(role)
      ended[own]()
      expect(ended.closeReason).toBe("OwnEof")
      const left = new Connection(role)
      left[peer]()
      expect(left.closeReason).toBe("PeerEof")
    }
  })

  it("counts exchanges without a complete response", () => {
    const connection = after(request, requestEnd, request, requestEnd, (c) => c.responseEof())
    expect(connection.outstanding).toBe(2)
    const complete = after(request, requestEnd, responseOf({ framingUntilClose: true }), (c) =>
      c.responseEof()
    )
    expect(complete.outstanding).toBe(0)
  })
})

describe("pipelining (RFC 9112 §9.3.2)", () => {
  const three = [request, requestEnd, request, requestEnd, request, requestEnd]

  it("permits responses in order, one at a time", () => {
    const connection = after(...three)
    expect(connection.outstanding).toBe(3)
    for (let left = 3; left > 0; left--) {
      expect(connection.response).toBe("head")
      response(connection)
      expect(response(connection)).toMatchObject({ state: "body", signal: "head" })
      expect(connection.outstanding).toBe(left)
      responseEnd(connection)
    }
    expect(stateOf(connection)).toEqual(stateOf(after()))
  })

  it("keeps the facts of each exchange", () => {
    const connection = after(
      request,
      requestEnd,
      requestOf({ versionMinor: 0 }),
      requestEnd,
      requestOf({ expectContinue: true })
    )
    expect(connection.responseInformational(103)).toBe(undefined)
    expect(connection.expectsContinue).toBe(false)
    response(connection)
    responseEnd(connection)
    expect(connection.responseInformational(103)).toMatchObject({ code: "ERR_HTTPFX_OUT_OF_ORDER" })
    response(connection)
    responseEnd(connection)
    expect(connection.expectsContinue).toBe(true)
  })

  it("permits all responses before an unannounced close, and announces it with the last one", () => {
    const connection = after(...three)
    connection.mustClose("Draining")
    const kept: Array<boolean> = []
    while (connection.outstanding > 0) {
      kept.push(connection.keepAlive)
      expect(response(connection)).toBe(undefined)
      expect(responseEnd(connection)).toBe(undefined)
    }
    expect(kept).toEqual([true, true, false])
    expect(connection.after()).toEqual({ _tag: "Close", reason: "Draining" })
  })

  it("permits no response after an announced close (RFC 9112 §9.6)", () => {
    const connection = after(...three, responseOf({ keepAlive: false }), responseEnd)
    expect(connection.after()).toEqual({ _tag: "Close", reason: "ResponseClose" })
    expect(connection.outstanding).toBe(2)
    expect(response(connection)).toMatchObject({ state: "done" })
  })

  it("permits the response to a refused request after those to earlier requests", () => {
    const connection = after(request, requestEnd, (c) => c.requestRefused("Refused"))
    expect(connection.outstanding).toBe(2)
    expect(connection.keepAlive).toBe(true)
    response(connection)
    responseEnd(connection)
    expect(connection.keepAlive).toBe(false)
    expect(connection.after()).toEqual({ _tag: "Pending" })
    response(connection)
    responseEnd(connection)
    expect(connection.after()).toEqual({ _tag: "Close", reason: "Refused" })
  })
})

describe("switching protocols", () => {
  const upgrade = requestOf({ upgrade: true })
  const connect = requestOf({ method: "CONNECT" })
  const switched = { _tag: "Switched" }

  it.each<[string, ReadonlyArray<Signal>]>([
    ["101 to an upgrade", [upgrade, requestEnd, responseOf({ status: 101 })]],
    ["200 to CONNECT", [connect, requestEnd, response]],
    ["299 to CONNECT", [connect, requestEnd, responseOf({ status: 299, framingUntilClose: true })]],
    [
      "101 after 100 and 103",
      [
        upgrade,
        (c) => c.responseInformational(100),
        requestEnd,
        (c) => c.responseInformational(103),
        responseOf({ status: 101 })
      ]
    ],
    [
      "an upgrade that also asked to close",
      [requestOf({ upgrade: true, keepAlive: false }), requestEnd, responseOf({ status: 101 })]
    ],
    [
      "a pipelined upgrade",
      [request, requestEnd, upgrade, requestEnd, response, responseEnd, responseOf({ status: 101 })]
    ]
  ])("%s", (_, signals) => {
    const connection = after(...signals)
    expect(connection.after()).toEqual(switched)
    expect([connection.request, connection.response]).toEqual(["switched", "switched"])
    expect(connection.outstanding).toBe(0)
    expect(connection.switched).toBe(true)
  })

  it("waits for the end of the request (RFC 9110 §7.8)", () => {
    const connection = after(upgrade, responseOf({ status: 101 }))
    expect([connection.request, connection.response]).toEqual(["body", "switched"])
    expect(requestEnd(connection)).toBe(undefined)
    expect(connection.request).toBe("switched")
  })

  it("permits no further request before the response", () => {
    for (const asking of [upgrade, connect]) {
      const connection = after(asking, requestEnd)
      expect(request(connection)).toMatchObject({ state: "done", signal: "head" })
      responseOf({ status: 404 })(connection)
      expect(request(connection)).toBe(undefined)
    }
  })

  it("continues in HTTP if the response does not switch", () => {
    const declined = after(upgrade, requestEnd, response, responseEnd)
    expect(stateOf(declined)).toEqual(stateOf(after()))
    const refused = after(connect, requestEnd, responseOf({ status: 502 }), responseEnd)
    expect(stateOf(refused)).toEqual(stateOf(after()))
  })

  it.each<[string, ReadonlyArray<Signal>]>([
    ["an ordinary request", [request, requestEnd]],
    ["CONNECT", [connect, requestEnd]],
    ["an upgrade in HTTP/1.0 (RFC 9110 §7.8)", [requestOf({ upgrade: true, versionMinor: 0 }), requestEnd]],
    ["the request before the upgrade", [request, requestEnd, upgrade, requestEnd]],
    [
      "the request after a declined upgrade",
      [upgrade, requestEnd, response, responseEnd, request, requestEnd]
    ]
  ])("refuses 101 to %s", (_, signals) => {
    const connection = after(...signals)
    const before = stateOf(connection)
    expect(connection.responseHead({ ...ok, status: 101 })).toEqual({
      _tag: "Violation",
      code: "ERR_HTTPFX_UPGRADE_NOT_ASKED"
    })
    expect(stateOf(connection)).toEqual(before)
  })

  it("treats 2xx to an upgrade as an ordinary response", () => {
    expect(after(upgrade, requestEnd, response).switched).toBe(false)
  })
})
