/**
 * Generated messages parse as they describe themselves, splits and chunks join to the original bytes, and
 * failing examples shrink to short texts.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import { Body, RequestParser, ResponseParser } from "@httpfx/core/wire"
import * as Arbitraries from "@httpfx/testing/Arbitraries"

const text = (bytes: Uint8Array) => String.fromCharCode(...bytes)

/** Parses the bytes and returns what the parser found. */
const parsed = (kind: "request" | "response", parts: ReadonlyArray<Uint8Array>) => {
  const heads: Array<{ readonly rawHeaders: ReadonlyArray<string> }> = []
  let body = ""
  let ended = 0
  const events = {
    head: (head: { readonly rawHeaders: ReadonlyArray<string> }) => {
      heads.push(head)
      return Body.Read
    },
    data: (slice: Uint8Array) => void (body += text(slice)),
    complete: () => void ended++
  }
  const parser = kind === "request" ? new RequestParser(events) : new ResponseParser(events)
  for (const part of parts) parser.execute(part)
  const refusal = parser.refusal
  if (refusal === undefined) parser.finish()
  return { heads, body, ended, refusal: parser.refusal }
}

const check = <A>(arbitrary: fc.Arbitrary<A>, property: (value: A) => void) => {
  const seed = Date.now() & 0x7fffffff
  fc.assert(fc.property(arbitrary, property), { seed, numRuns: 300 })
}

describe("Arbitraries", () => {
  it("the parser accepts every request and finds the fields and body that it describes", () =>
    check(Arbitraries.request, (request) => {
      const { body, ended, heads, refusal } = parsed("request", [request.bytes])
      assert.deepStrictEqual([refusal, ended, body], [undefined, 1, request.body])
      assert.deepStrictEqual(
        heads[0]!.rawHeaders,
        request.fields.flatMap(([name, value]) => [name, value])
      )
    }))

  it("the parser accepts every response and finds the fields and body that it describes", () =>
    check(Arbitraries.response, (response) => {
      const { body, ended, refusal } = parsed("response", [response.bytes])
      assert.deepStrictEqual([refusal, ended, body], [undefined, 1, response.body])
    }))

  it("pipelines parse as the same number of requests", () =>
    check(Arbitraries.pipeline, (requests) => {
      const { ended } = parsed(
        "request",
        requests.map(({ bytes }) => bytes)
      )
      assert.strictEqual(ended, requests.length)
    }))

  it("the parser refuses every malformed message", () => {
    check(Arbitraries.malformedRequest, ({ bytes, fault }) =>
      assert.isDefined(parsed("request", [bytes]).refusal, fault)
    )
    check(Arbitraries.malformedResponse, ({ bytes, fault }) =>
      assert.isDefined(parsed("response", [bytes]).refusal, fault)
    )
  })

  it("splits and chunks have no empty parts and join to the original bytes", () =>
    check(
      Arbitraries.request.chain((request) =>
        fc.tuple(fc.constant(request), Arbitraries.splits(request.bytes), Arbitraries.chunkings(request.body))
      ),
      ([request, parts, chunks]) => {
        assert.strictEqual(parts.map(text).join(""), request.wire)
        assert.isTrue(parts.every(({ length }) => length > 0))
        assert.strictEqual(chunks.join(""), request.body)
        assert.isTrue(chunks.every(({ length }) => length > 0))
      }
    ))

  it("faults are sorted by time", () =>
    check(Arbitraries.faults(["reset", "stall"], { until: 100, most: 5 }), (faults) => {
      assert.isAtMost(faults.length, 5)
      for (let index = 1; index < faults.length; index++)
        assert.isAtLeast(faults[index]!.at, faults[index - 1]!.at)
    }))

  it.effect.prop("work with it.prop", [Arbitraries.request], ([request]) =>
    Effect.sync(() => assert.include(request.wire, "Host: test"))
  )

  describe("a property that fails for some messages shrinks to a short example", () => {
    const smallest = (
      arbitrary: fc.Arbitrary<{ readonly wire: string }>,
      fails: (wire: string) => boolean
    ) => {
      const found = fc.check(
        fc.property(arbitrary, ({ wire }) => !fails(wire)),
        { seed: 42, numRuns: 1000 }
      )
      return found.counterexample![0].wire
    }

    it("for a chunked body", () => {
      const wire = smallest(Arbitraries.request, (wire) => wire.includes("chunked"))
      assert.match(wire, /^P\w+ \/ HTTP\/1\.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$/)
    })

    it("for any request", () => {
      assert.strictEqual(
        smallest(Arbitraries.request, () => true),
        "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
      )
    })

    it("for a field with a byte above 0x7F", () => {
      const wire = smallest(Arbitraries.request, (wire) =>
        /^[^:]+: [^\r]*[\x80-\xff]/m.test(wire.split("\r\n\r\n")[0]!)
      )
      assert.isBelow(wire.length, 60)
    })

    it("for a response", () => {
      const wire = smallest(Arbitraries.response, (wire) => /\r\n\r\n./.test(wire))
      assert.isBelow(wire.length, 60)
    })
  })
})
