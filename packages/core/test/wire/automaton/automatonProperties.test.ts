/**
 * Properties of the automaton after any sequence of steps. A client and a server that report the same
 * exchanges, over a wire with delays, agree about the connection. The n-th exchange behaves like the first.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Connection, type RequestFacts, type Violation } from "@httpfx/core/wire"

type Step =
  | { readonly signal: "requestHead"; readonly facts: RequestFacts }
  | { readonly signal: "requestComplete" | "responseComplete" | "requestEof" | "responseEof" }
  | { readonly signal: "responseInformational"; readonly status: number }
  | {
      readonly signal: "responseHead"
      readonly facts: {
        readonly status: number
        readonly keepAlive: boolean
        readonly framingUntilClose: boolean
      }
    }

const apply = (connection: Connection, step: Step): Violation | undefined => {
  switch (step.signal) {
    case "requestHead":
      return connection.requestHead(step.facts)
    case "responseHead":
      return connection.responseHead(step.facts)
    case "responseInformational":
      return connection.responseInformational(step.status)
    default:
      return connection[step.signal]()
  }
}

// `noBias`, because fast-check would draw the ends of the range more often.
const onceIn = (n: number) => fc.noBias(fc.nat({ max: n - 1 })).map((drawn) => drawn === 0)
const seldom = onceIn(20)
const often = seldom.map((yes) => !yes)
const requestHead: fc.Arbitrary<Step> = fc
  .record({
    method: seldom.map((connect) => (connect ? "CONNECT" : "GET")),
    versionMinor: seldom.map((old) => (old ? 0 : 1)),
    keepAlive: often,
    upgrade: seldom,
    expectContinue: fc.boolean()
  })
  .map((facts) => ({ signal: "requestHead", facts }))
const responseHead: fc.Arbitrary<Step> = fc
  .record({ status: fc.constantFrom(200, 200, 200, 404, 101), keepAlive: often, framingUntilClose: seldom })
  .map((facts) => ({ signal: "responseHead", facts }))
const plain = (signal: "requestComplete" | "responseComplete" | "requestEof" | "responseEof") =>
  fc.constant<Step>({ signal })
const informational = fc
  .constantFrom(100, 103)
  .map((status): Step => ({ signal: "responseInformational", status }))

const requestStep = fc.oneof(
  { arbitrary: requestHead, weight: 8 },
  { arbitrary: plain("requestComplete"), weight: 8 },
  { arbitrary: plain("requestEof"), weight: 1 }
)
const responseStep = fc.oneof(
  { arbitrary: responseHead, weight: 8 },
  { arbitrary: plain("responseComplete"), weight: 8 },
  { arbitrary: informational, weight: 2 },
  { arbitrary: plain("responseEof"), weight: 1 }
)

const view = (c: Connection) => ({
  request: c.request,
  response: c.response,
  outstanding: c.outstanding,
  expectsContinue: c.expectsContinue,
  keepAlive: c.keepAlive,
  // FIN from the client is `OwnEof` on the client and `PeerEof` on the server, so compare without the prefix.
  reason: c.closeReason?.replace(/^(Peer|Own)Eof$/, "Eof"),
  after: c.after()._tag
})

const consistent = (c: Connection) => {
  const { outstanding, request, response } = c
  const tag = c.after()._tag
  expect(outstanding).toBeGreaterThanOrEqual(0)
  if (response === "idle") expect([outstanding, c.closeReason]).toEqual([0, undefined])
  if (["head", "body", "untilClose"].includes(response)) expect(outstanding).toBeGreaterThan(0)
  if (response === "switched") expect(["body", "switched", "closed"]).toContain(request)
  if (request === "switched") expect(response).toBe("switched")
  if (request === "idle") expect(c.closeReason).toBe(undefined)
  if (tag === "Reuse") expect([request, response, outstanding]).toEqual(["idle", "idle", 0])
  if (tag === "Pending") expect(outstanding).toBeGreaterThan(0)
}

// `npm run test:long` makes 20 times as many runs.
const times = process.env["HTTPFX_LONG"] === undefined ? 1 : 20

describe("client and server", () => {
  it("reach equal states by the same steps, and never an impossible state", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(requestStep, responseStep), { maxLength: 40 }), (script) => {
        const client = new Connection("client")
        const server = new Connection("server")
        for (const step of script) {
          expect(apply(server, step)).toEqual(apply(client, step))
          expect(view(server)).toEqual(view(client))
          consistent(client)
        }
      }),
      { numRuns: 1000 * times }
    )
  })

  it("agree once all steps in transit have arrived", () => {
    // A turn: a side takes a step that its automaton accepts, or a step in transit arrives.
    const turn = fc.record({
      who: fc.constantFrom("client", "server", "toServer", "toClient"),
      request: requestHead,
      response: responseHead,
      between: informational,
      ends: onceIn(60),
      waits: onceIn(5)
    })
    const clientStep = (state: string, turn: { ends: boolean; request: Step }): Step => {
      if (turn.ends) return { signal: "requestEof" }
      return state === "body" ? { signal: "requestComplete" } : turn.request
    }
    const serverStep = (
      state: string,
      turn: { ends: boolean; waits: boolean; response: Step; between: Step }
    ): Step => {
      if (turn.ends) return { signal: "responseEof" }
      if (state === "body" || state === "untilClose") return { signal: "responseComplete" }
      return turn.waits ? turn.between : turn.response
    }
    let answered = 0
    fc.assert(
      fc.property(fc.array(turn, { minLength: 20, maxLength: 100, size: "max" }), (turns) => {
        const client = new Connection("client")
        const server = new Connection("server")
        const toServer: Array<Step> = []
        const toClient: Array<Step> = []
        // Whether the server has announced a close. It then discards the requests that the client has already
        // sent.
        let late = false
        const arriveAtServer = () => {
          const step = toServer.shift()
          if (step === undefined || late) return
          const announced = server.closeReason === "ResponseClose" || server.closeReason === "UntilClose"
          const left = server.response === "closed"
          const refused = apply(server, step)
          if (refused !== undefined) {
            expect([step.signal, announced || left]).toEqual(["requestHead", true])
            late = true
          }
        }
        const arriveAtClient = () => {
          const step = toClient.shift()
          if (step === undefined) return
          expect([step, apply(client, step)]).toEqual([step, undefined])
          if (step.signal === "responseComplete") answered++
        }
        for (const turn of turns) {
          if (turn.who === "toServer") arriveAtServer()
          else if (turn.who === "toClient") arriveAtClient()
          else if (turn.who === "client") {
            const step = clientStep(client.request, turn)
            if (apply(client, step) === undefined) toServer.push(step)
          } else {
            const step = serverStep(server.response, turn)
            if (apply(server, step) === undefined) toClient.push(step)
          }
          consistent(client)
          consistent(server)
        }
        while (toServer.length > 0) arriveAtServer()
        while (toClient.length > 0) arriveAtClient()
        if (!late) {
          // If both sides ended at the same time, their first reasons may differ.
          const { reason: clientReason, ...clientView } = view(client)
          const { reason: serverReason, ...serverView } = view(server)
          expect(clientView).toEqual(serverView)
          expect(clientReason === undefined).toBe(serverReason === undefined)
        }
      }),
      { numRuns: 250 * times }
    )
    // Enough exchanges must have been completed, or the property would prove nothing.
    expect(answered).toBeGreaterThan(400)
  })
})

describe("the n-th exchange", () => {
  it("behaves like the first", () => {
    const exchange = fc.record({
      method: fc.constantFrom("GET", "POST", "CONNECT"),
      upgrade: fc.boolean(),
      expectContinue: fc.boolean(),
      early: fc.boolean(),
      informational: fc.array(fc.constantFrom(100, 103), { maxLength: 2 }),
      status: fc.constantFrom(404, 500)
    })
    fc.assert(
      fc.property(
        fc.array(exchange, { maxLength: 20 }),
        fc.array(fc.oneof(requestStep, responseStep), { maxLength: 12 }),
        (exchanges, script) => {
          const used = new Connection("server")
          for (const { early, expectContinue, informational, method, status, upgrade } of exchanges) {
            const facts = { method, upgrade, expectContinue, versionMinor: 1, keepAlive: true }
            expect(used.requestHead(facts)).toBe(undefined)
            if (!early) expect(used.requestComplete()).toBe(undefined)
            for (const status of informational) expect(used.responseInformational(status)).toBe(undefined)
            expect(used.responseHead({ status, keepAlive: true, framingUntilClose: false })).toBe(undefined)
            expect(used.responseComplete()).toBe(undefined)
            if (early) expect(used.requestComplete()).toBe(undefined)
          }
          expect(used.after()).toEqual({ _tag: "Reuse" })
          const fresh = new Connection("server")
          for (const step of script) {
            expect(apply(used, step)).toEqual(apply(fresh, step))
            expect(view(used)).toEqual(view(fresh))
          }
        }
      ),
      { numRuns: 500 * times }
    )
  })
})
