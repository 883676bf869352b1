/**
 * Compares our parser with Node's parser, which defines the presets `node` and `insecure`. Both parse
 * thousands of generated and damaged streams, split at random. Events and endings must be equal.
 *
 * `strict` must give the same result, or refuse with the name of a flag. There are two exceptions: `strict`
 * accepts tabs as whitespace everywhere, and closes some connections that Node keeps.
 *
 * The presets are those of Node 20.20. differential/versions.ts lists the differences of later versions, and
 * no other differences may occur.
 *
 * HTTPFX_DIFFERENTIAL_CASES and HTTPFX_DIFFERENTIAL_SEED (or `npm run differential -- --cases N --seed S`)
 * set the number of cases and the seed. Every failure prints the number of its case.
 */
import { flagNames, presets } from "@httpfx/core/wire"
import { assert, describe, it } from "@effect/vitest"
import { difference, reference, strictWalk } from "./differential/compare.js"
import { generate } from "./differential/generate.js"
import { llhttp, nativeVersion, runNative } from "./differential/native.js"
import { runOurs } from "./differential/ours.js"
import { type Outcome, showBytes } from "./differential/outcome.js"
import { makeRandom } from "./differential/random.js"
import { changesFor, examined } from "./differential/versions.js"

const cases = Number(process.env["HTTPFX_DIFFERENTIAL_CASES"] ?? 4000)
const seed = Number(process.env["HTTPFX_DIFFERENTIAL_SEED"] ?? Math.floor(Math.random() * 0x7fffffff))

/** The codes of Node's parser that depend only on the input. */
const codes = [
  "HPE_INVALID_METHOD",
  "HPE_INVALID_URL",
  "HPE_INVALID_HEADER_TOKEN",
  "HPE_INVALID_CONTENT_LENGTH",
  "HPE_UNEXPECTED_CONTENT_LENGTH",
  "HPE_INVALID_TRANSFER_ENCODING",
  "HPE_INVALID_CHUNK_SIZE",
  "HPE_HEADER_OVERFLOW",
  "HPE_CHUNK_EXTENSIONS_OVERFLOW",
  "HPE_INVALID_VERSION",
  "HPE_INVALID_STATUS",
  "HPE_INVALID_CONSTANT",
  "HPE_LF_EXPECTED",
  "HPE_CR_EXPECTED",
  "HPE_STRICT",
  "HPE_UNEXPECTED_SPACE",
  "HPE_INVALID_EOF_STATE",
  "HPE_CLOSED_CONNECTION",
  "HPE_PAUSED_H2_UPGRADE"
]

class Counts {
  private readonly counts = new Map<string, number>()
  of(name: string): number {
    return this.counts.get(name) ?? 0
  }
  add(name: string): void {
    this.counts.set(name, this.of(name) + 1)
  }
  show(): string {
    return [...this.counts]
      .sort((a, b) => b[1] - a[1])
      .map(([name, count]) => `${name} ${count}`)
      .join(", ")
  }
}

const accepted = (outcome: Outcome): boolean =>
  outcome.ending._tag === "Open" || outcome.ending._tag === "Stopped"

describe("differential", () => {
  it(
    `${cases} cases against ${nativeVersion}, seed ${seed}`,
    async () => {
      const codesMet = new Counts()
      const changesMet = new Counts()
      const flagsMet = new Counts()
      let taken = 0
      for (let index = 0; index < cases; index++) {
        // Let other tasks of the test runner run after every 1000 cases.
        if (index % 1000 === 999) await new Promise((resolve) => setImmediate(resolve))
        const input = generate(makeRandom(Math.imul(seed, 0x9e3779b1) + index))
        const say = (preset: string, what: string): string =>
          `case ${index} of seed ${seed}, ${preset}: ${what}\n  ${input.role}, ${input.answering}, maxHeaderSize ` +
          `${input.maxHeaderSize}, cuts ${input.cuts.join(" ")}\n  ${showBytes(input.bytes)}`
        for (const preset of ["node", "insecure"] as const) {
          const native = runNative(input, preset)
          const ours = runOurs(input, presets[preset], index % 2 === 0)
          const what = difference(native, ours, input.bytes.length)
          if (what !== undefined) {
            const known = changesFor(llhttp, input)
            if (known.length === 0 && examined.includes(llhttp)) assert.fail(say(preset, what))
            for (const change of known) changesMet.add(change.what)
            if (known.length === 0) changesMet.add("not listed for this version")
          }
          if (preset === "insecure") continue
          if (native.ending._tag === "Refused") codesMet.add(native.ending.code)
          if (accepted(native)) taken++
          const measure = runOurs(input, reference)
          if (!accepted(measure)) continue
          const walk = strictWalk(input, measure)
          if (walk.fault !== undefined) assert.fail(say("strict", walk.fault))
          for (const flag of walk.met) flagsMet.add(flag)
        }
      }
      console.log(
        `differential: ${nativeVersion}, seed ${seed}, ${cases} cases, ${taken} accepted\n` +
          `  refused: ${codesMet.show()}\n  strict refused for: ${flagsMet.show()}\n` +
          `  differences of this version: ${changesMet.show() || "none"}`
      )
      assert.isAtLeast(taken, cases / 2, "at least half of the cases are accepted")
      if (cases < 5000) return
      for (const code of codes) assert.isAtLeast(codesMet.of(code), 20, code)
      for (const flag of flagNames) {
        if (presets.node[flag] && !presets.strict[flag]) assert.isAtLeast(flagsMet.of(flag), 1, flag)
      }
    },
    Math.max(60_000, cases * 20)
  )
})
