/**
 * Runs every vector (packages/core/test/vectors/*.md) whole, byte by byte, split at random, and with bytes
 * after its end. Presets that promise Node's behaviour are also compared with Node's own parser.
 */
import { flagNames, presets, type RefusalCode } from "@httpfx/core/wire"
import { assert, describe, it } from "@effect/vitest"
import { difference } from "./differential/compare.js"
import { nativeVersion, runNative } from "./differential/native.js"
import { runOurs } from "./differential/ours.js"
import { makeRandom } from "./differential/random.js"
import { type Expected, readVectors, setupOf, type Vector } from "./vectors/document.js"
import { overflows, run, settled } from "./vectors/log.js"
import { escape, unescape } from "./vectors/text.js"

const seed = Number(process.env["HTTPFX_VECTORS_SEED"] ?? Math.floor(Math.random() * 0x7fffffff))
const vectors = readVectors()
const files = [...new Set(vectors.map((vector) => vector.file))]

const everyByte = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, k) => k + 1)

const label = (one: Expected): string => one.preset + one.extra.join("")

const behind = Buffer.from("GET /behind HTTP/1.1\r\nHost: b\r\n\r\n")
const behindResponse = Buffer.from("HTTP/1.1 200 Behind\r\nContent-Length: 0\r\n\r\n")
const garbage = Buffer.from("\u0000\u0001 no HTTP \r\n\r\n", "latin1")

/** Asserts that bytes after the end of a vector do not change the log of the vector. */
const checkBehind = (vector: Vector, one: Expected, tail: Buffer, follows: string): void => {
  const setup = setupOf(vector, one.flags)
  const bytes = Buffer.concat([vector.bytes, tail])
  // Split after the vector if a text overflows, because the text would otherwise continue in the next bytes
  // and overflow later.
  const cuts = overflows(one.log) ? [vector.bytes.length, bytes.length] : [bytes.length]
  const { lines } = run(setup, bytes, cuts)
  const own = one.log.slice(0, -1)
  const last = one.log.at(-1)!
  const say = `with ${escape(tail.toString("latin1"))} behind`
  assert.deepStrictEqual(lines.slice(0, own.length), own, say)
  const after = lines.slice(own.length)
  if (last.startsWith("refused") || last.startsWith("stopped")) {
    assert.deepStrictEqual(after, [last], say)
  } else if (last === "end idle") {
    assert.include(after[0], follows, say)
  } else if (one.flags.dataAfterClose) {
    assert.deepStrictEqual(after, [last], say)
  } else {
    const at = vector.bytes.length + 1
    assert.deepStrictEqual(
      after,
      [`refused HPE_CLOSED_CONNECTION @${at} status=400 flag=dataAfterClose`],
      say
    )
  }
}

/** Returns whether the last message of a vector ends before the end of the stream. */
const endsByItself = (vector: Vector, one: Expected): boolean => {
  if (one.log.at(-1)!.startsWith("refused HPE_INVALID_EOF_STATE")) return false
  return !run(setupOf(vector, one.flags), vector.bytes, [vector.bytes.length]).completedByEnd
}

for (const file of files) {
  describe(`vectors/${file}, seed ${seed}`, () => {
    for (const vector of vectors.filter((one) => one.file === file)) {
      it(vector.title, () => {
        const length = vector.bytes.length
        for (const one of vector.expected) {
          const setup = setupOf(vector, one.flags)
          assert.deepStrictEqual(run(setup, vector.bytes, [length]).lines, one.log, `${label(one)}, whole`)
          assert.deepStrictEqual(
            settled(run(setup, vector.bytes, everyByte(length), true).lines, one.log),
            one.log,
            `${label(one)}, byte by byte`
          )
          const random = makeRandom(seed ^ length)
          for (let round = 0; round < 8; round++) {
            const cuts = everyByte(length).filter((cut) => cut === length || random.chance(0.15))
            assert.deepStrictEqual(
              settled(run(setup, vector.bytes, cuts, round % 2 === 0).lines, one.log),
              one.log,
              `${label(one)}, seed ${seed}, cut at ${cuts.join(" ")}`
            )
          }
          if (!endsByItself(vector, one)) continue
          const request = vector.role === "request"
          checkBehind(vector, one, request ? behind : behindResponse, request ? "/behind" : "Behind")
          checkBehind(
            vector,
            one,
            garbage,
            `refused ${request ? "HPE_INVALID_METHOD" : "HPE_INVALID_CONSTANT"} @${length}`
          )
        }
      })
    }
  })
}

describe("vectors", () => {
  it("no event is reported before its last byte", () => {
    for (const vector of vectors) {
      for (const one of vector.expected) {
        const setup = setupOf(vector, one.flags)
        for (const line of one.log) {
          const at = Number(/^(?:head|complete) @(\d+)/.exec(line)?.[1] ?? 0)
          // A chunk that ends one byte earlier must not give this event.
          if (at === 0) continue
          const { lines } = run(setup, vector.bytes.subarray(0, at - 1), [at - 1], false, false)
          const early = lines.filter((seen) => seen.startsWith(line.split(" ", 2).join(" ") + " "))
          assert.deepStrictEqual(early, [], `${vector.file}, ${vector.title}, ${label(one)}`)
        }
      }
    }
  })

  it("a refusal's flag, once set, is not named again at the same position", () => {
    for (const vector of vectors) {
      for (const one of vector.expected) {
        const { refusal } = run(setupOf(vector, one.flags), vector.bytes, [vector.bytes.length])
        if (refusal?.flag === undefined) continue
        assert.isFalse(one.flags[refusal.flag])
        const flags = { ...one.flags, [refusal.flag]: true }
        const next = run(setupOf(vector, flags), vector.bytes, [vector.bytes.length]).refusal
        const same =
          next?.offset === refusal.offset && next.code === refusal.code && next.flag === refusal.flag
        assert.isFalse(same, `${vector.file}, ${vector.title}, ${label(one)}: ${refusal.flag}`)
      }
    }
  })

  it("every flag, every code and every status occurs", () => {
    const flags = new Set<string>()
    const codes = new Set<RefusalCode>()
    const statuses = new Set<number>()
    for (const vector of vectors) {
      for (const one of vector.expected) {
        const { refusal } = run(setupOf(vector, one.flags), vector.bytes, [vector.bytes.length])
        if (refusal === undefined) continue
        codes.add(refusal.code)
        statuses.add(refusal.status)
        if (refusal.flag !== undefined) flags.add(refusal.flag)
      }
    }
    const everyCode: { readonly [C in RefusalCode]: true } = {
      HPE_CHUNK_EXTENSIONS_OVERFLOW: true,
      HPE_CLOSED_CONNECTION: true,
      HPE_CR_EXPECTED: true,
      HPE_HEADER_OVERFLOW: true,
      HPE_INVALID_CHUNK_SIZE: true,
      HPE_INVALID_CONSTANT: true,
      HPE_INVALID_CONTENT_LENGTH: true,
      HPE_INVALID_EOF_STATE: true,
      HPE_INVALID_HEADER_TOKEN: true,
      HPE_INVALID_METHOD: true,
      HPE_INVALID_STATUS: true,
      HPE_INVALID_TRANSFER_ENCODING: true,
      HPE_INVALID_URL: true,
      HPE_INVALID_VERSION: true,
      HPE_LF_EXPECTED: true,
      HPE_PAUSED_H2_UPGRADE: true,
      HPE_STRICT: true,
      HPE_UNEXPECTED_CONTENT_LENGTH: true,
      HPE_UNEXPECTED_SPACE: true
    }
    // With `keepAliveAfterClose` the parser reads these bytes as a message, so it refuses nothing and names
    // no flag.
    assert.deepStrictEqual(
      flagNames.filter((flag) => !flags.has(flag) && flag !== "keepAliveAfterClose"),
      []
    )
    assert.deepStrictEqual([...codes].sort(), Object.keys(everyCode).sort())
    assert.deepStrictEqual(
      [...statuses].sort((a, b) => a - b),
      [400, 413, 414, 431, 501, 505]
    )
  })

  it("every reason names its RFC section", () => {
    for (const vector of vectors)
      assert.match(vector.reason, /RFC \d+ (§|Appendix )/, `${vector.file}, ${vector.title}`)
  })

  it("titles are unique, and there are enough of them", () => {
    for (const file of files) {
      const titles = vectors.filter((one) => one.file === file).map((one) => one.title)
      assert.strictEqual(new Set(titles).size, titles.length, file)
    }
    assert.isAtLeast(vectors.length, 150)
  })

  it("unescape inverts escape", () => {
    const all = String.fromCharCode(...everyByte(256).map((k) => k - 1))
    assert.strictEqual(
      unescape(escape(all + "x".repeat(99) + "\r\n\\{" + all)),
      all + "x".repeat(99) + "\r\n\\{" + all
    )
  })
})

// The presets describe Node 20. docs/strictness.md lists the differences of other versions.
describe.runIf(process.versions.node.startsWith("20."))(`vectors on ${nativeVersion}`, () => {
  for (const preset of ["node", "insecure"] as const) {
    it(`${preset}: the same outcome`, () => {
      let compared = 0
      for (const vector of vectors) {
        const { answers, bytes } = vector
        const others = Object.keys(vector.limits).filter((name) => name !== "maxHeaderSize")
        // Skip limits that Node lacks or that its users cannot set, and the reply `stop-all`, which Node
        // lacks.
        if (others.length > 0 || answers === "stop-all") continue
        const { maxHeaderSize = 16384 } = vector.limits
        for (const cuts of [[bytes.length], everyByte(bytes.length)]) {
          const input = { role: vector.role, answering: answers, maxHeaderSize, bytes, cuts }
          const what = difference(runNative(input, preset), runOurs(input, presets[preset]), bytes.length)
          assert.isUndefined(what, `${vector.file}, ${vector.title}, ${cuts.length} pieces`)
          compared++
        }
      }
      assert.isAtLeast(compared, vectors.length)
    })
  }
})
