/**
 * docs/grammar.md refers only to existing tests. docs/strictness.md lists the characters of a target that the
 * parser accepts.
 */
import { Body, presets, RequestParser } from "@httpfx/core/wire"
import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { documentText, tableIn } from "../../support/documents.js"
import { readVectors } from "../receive/vectors/document.js"

const root = new URL("../../../../../", import.meta.url)

describe("docs/grammar.md", () => {
  const titles = new Set(readVectors().map(({ file, title }) => `${file}: ${title}`))
  for (const heading of ["Messages", "Fields"]) {
    for (const [production, section, does, , heldBy] of tableIn("grammar.md", heading)) {
      it(`${production!}: its section, behaviour and existing tests`, () => {
        assert.match(section!, /^\d{4} (§\d|App\.)/)
        assert.isAbove(does!.length, 5)
        const tests = heldBy!.split("; ")
        for (const test of tests) {
          const isThere = test.startsWith("packages/") ? existsSync(new URL(test, root)) : titles.has(test)
          assert.isTrue(isThere, test)
        }
      })
    }
  }
})

describe("docs/strictness.md, characters of a target", () => {
  const text = documentText("strictness.md")
  const start = text.indexOf("\n## Characters of a target\n")
  const block = /^```text\n([^]*?)^```$/m.exec(text.slice(start))![1]!
  const lines = block.trimEnd().split("\n")
  const everyByte = Array.from({ length: 256 }, (_, c) => String.fromCharCode(c))

  const characters = (list: string): ReadonlyArray<string> =>
    list.split(" ").flatMap((item) => {
      const range = /^(\w)-(\w)$/.exec(item)
      if (range === null) return [item]
      return everyByte.filter((c) => c >= range[1]! && c <= range[2]!)
    })

  const listed = (part: string, by: string): ReadonlyArray<string> => {
    const line = lines.find((one) => one.startsWith(`${part}, ${by} `))
    assert.isDefined(line, `${part}, ${by}`)
    return characters(line!.slice(`${part}, ${by}`.length).trim())
  }

  const taken = (target: string, flags: typeof presets.strict): string | boolean => {
    const parser = new RequestParser(
      { head: () => Body.Read, data: () => {}, complete: () => {} },
      { flags: { ...flags, http09: false } }
    )
    parser.execute(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`, "latin1"))
    return parser.refusal === undefined || (parser.refusal.flag ?? false)
  }

  for (const [part, before] of [
    ["path", "/a"],
    ["query", "/a?b"]
  ] as const) {
    it(`of a ${part} are those that the parser accepts, with the flags of the others`, () => {
      const plain = listed(part, "RFC 3986")
      const ofUrls = listed(part, "urlCharacters")
      const ofTargets = listed(part, "targetCharacters")
      for (const c of everyByte) {
        // Space and line breaks end the target, and `?` ends the path, so these bytes are skipped.
        if (" \r\n".includes(c) || (part === "path" && c === "?")) continue
        const inStrict = plain.includes(c) || ofUrls.includes(c)
        const target = `${before}${c}c`
        const say = JSON.stringify(target)
        const flag = ofTargets.includes(c) ? "targetCharacters" : false
        assert.strictEqual(taken(target, presets.strict), inStrict || flag, say)
        const narrow = { ...presets.strict, urlCharacters: false }
        assert.strictEqual(
          taken(target, narrow),
          plain.includes(c) || (ofUrls.includes(c) ? "urlCharacters" : flag),
          say
        )
        assert.strictEqual(taken(target, presets.node), inStrict || ofTargets.includes(c), say)
      }
    })

    it(`of a ${part}: new URL keeps the accepted ones unchanged, and no others`, () => {
      for (const c of [...listed(part, "urlCharacters"), ...listed(part, "targetCharacters")]) {
        if (c === "#") continue
        const { pathname, search } = new URL(`http://a${before}${c}c`)
        const left = (pathname + search).includes(`${c}c`)
        assert.strictEqual(left, listed(part, "urlCharacters").includes(c), c)
      }
    })
  }
})
