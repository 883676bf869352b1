// `LazySpan` has every member of Effect's own spans.
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { expect, it } from "vitest"
import { LazySpan } from "../../src/internal/fast/lazySpan.js"

const membersOf = (of: object): ReadonlyArray<PropertyKey> =>
  of === Object.prototype ? [] : [...Reflect.ownKeys(of), ...membersOf(Object.getPrototypeOf(of) as object)]

it("A lazy span has the members of Effect's spans, and their states", () => {
  const native = Effect.runSync(Effect.makeSpan("span"))
  const source = { spanName: () => "span", spanParent: () => Option.none(), spanAttributes: () => {} }
  const lazy = new LazySpan(source, "server", 1)
  // `startTime` is the only member that the lazy span lacks. Its `status` has this value too.
  expect(membersOf(native).filter((key) => !(key in lazy))).toEqual(["startTime"])
  const keys = (span: object) => Object.keys(span).sort()
  expect(keys(lazy.status)).toEqual(keys(native.status))
  for (const span of [native, lazy]) span.end(2_000_000n, Exit.void)
  expect(keys(lazy.status)).toEqual(keys(native.status))
  expect([lazy.traceId.length, lazy.spanId.length]).toEqual([native.traceId.length, native.spanId.length])
})
