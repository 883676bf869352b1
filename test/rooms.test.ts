// The lint rules for the rooms of the source tree (folders with import rules, docs/architecture.md). Each
// rule must report violations and nothing else.
import { ESLint } from "eslint"
import { spawnSync } from "node:child_process"
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { circles, importsOf } from "../scripts/circles.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const eslint = new ESLint({ cwd: root })

const rulesBroken = async (file: string, code: string) => {
  const [result] = await eslint.lintText(code + "\n", { filePath: root + file })
  return result!.messages.map((message) => message.ruleId)
}

const restrictedImport = "@typescript-eslint/no-restricted-imports"

/** Uses of unpublished members of Effect, platform and Node. */
const unpublished: ReadonlyArray<[room: string, code: string]> = [
  ["node", "export const handle = (socket) => socket._handle"],
  ["node", "export interface Inside { _readableState: object }"],
  ["node", "export const f = (socket, write) => { socket._write = write }"],
  ["node", "export const f = (socket) => { socket.readableFlowing = null }"],
  ["node", 'export const f = (socket) => socket.on("_tlsError", () => {})'],
  ["node", "export const f = (socket) => Object.getOwnPropertySymbols(socket)"],
  ["testing", "export const f = ({ _idleTimeout }) => _idleTimeout"],
  ["testing", 'export const has = (clock) => "sleeps" in clock && clock.clockState'],
  ["core", 'export const key = "@effect/platform/HttpApp/ejectedScopes"'],
  ["core", "export const text = (bytes) => bytes.latin1Slice(0, 1)"]
]

describe("a room may not", () => {
  it.each([
    ["packages/core/src/wire/x.ts", 'export * from "effect/Effect"', restrictedImport],
    ["packages/core/src/wire/x.ts", 'export * from "@effect/platform/HttpServer"', restrictedImport],
    ["packages/core/src/wire/x.ts", 'export * from "../Timers.js"', restrictedImport],
    ["packages/core/src/wire/x.ts", 'export * from "node:buffer"', restrictedImport],
    ["packages/core/src/wire/x.ts", "export const now = Date.now()", "no-restricted-globals"],
    [
      "packages/core/src/wire/x.ts",
      "export const f = () => setTimeout(() => {}, 1)",
      "no-restricted-globals"
    ],
    ["packages/core/src/pool/x.ts", 'export * from "effect/Effect"', restrictedImport],
    ["packages/core/src/pool/x.ts", 'export * from "../wire/index.js"', restrictedImport],
    ["packages/core/src/model/x.ts", 'export * from "effect/Effect"', restrictedImport],
    ["packages/core/src/model/x.ts", 'export * from "../wire/index.js"', restrictedImport],
    ["packages/core/src/model/x.ts", 'export * from "../../errors/url.js"', restrictedImport],
    ["packages/core/src/seams/x.ts", 'export * from "../Timers.js"', restrictedImport],
    ["packages/core/src/errors/x.ts", 'export * from "../wire/index.js"', restrictedImport],
    ["packages/core/src/errors/x.ts", 'import type { Fault } from "../Transport.js"', restrictedImport],
    ["packages/core/src/connection/x.ts", 'export * from "effect/Effect"', restrictedImport],
    ["packages/core/src/connection/server/x.ts", 'export * from "../../errors/url.js"', restrictedImport],
    ["packages/core/src/connection/server/x.ts", 'export * from "../../HttpError.js"', restrictedImport],
    ["packages/core/src/connection/server/x.ts", 'export * from "../../internal/pump.js"', restrictedImport],
    [
      "packages/core/src/connection/x.ts",
      "export const f = () => setTimeout(() => {}, 1)",
      "no-restricted-globals"
    ],
    ["packages/core/src/internal/x.ts", 'export * from "../Timers.js"', restrictedImport],
    [
      "packages/core/src/internal/server/x.ts",
      'import type { Network } from "../../Network.js"',
      restrictedImport
    ],
    [
      "packages/core/src/internal/client/x.ts",
      'export * from "../../content/redirects.js"',
      restrictedImport
    ],
    ["packages/core/src/Server.ts", 'export * from "./connection/server/life.js"', restrictedImport],
    ["packages/core/test/support/promise/x.ts", 'export * from "effect/Effect"', restrictedImport],
    ["packages/core/test/support/promise/x.ts", 'export * from "@httpfx/core/Timers"', restrictedImport],
    [
      "packages/core/test/support/promise/x.ts",
      'export * from "../../../src/errors/url.js"',
      restrictedImport
    ],
    ["packages/core/test/support/promise/x.ts", 'export * from "../virtual.js"', restrictedImport],
    ["packages/core/test/connection/x.ts", 'export * from "effect/Effect"', restrictedImport],
    ["packages/core/src/x.ts", 'export * from "node:net"', restrictedImport],
    ["packages/core/src/x.ts", 'export * from "@httpfx/node"', restrictedImport],
    ["packages/core/src/x.ts", 'export const b = Buffer.from("x")', "no-restricted-globals"],
    ["packages/core/src/x.ts", "export const p = process.pid", "no-restricted-globals"],
    ["packages/node/src/x.ts", 'export * from "node:http"', restrictedImport],
    ["packages/node/src/x.ts", 'export * from "https"', restrictedImport],
    ["packages/node/src/content/x.ts", 'export * from "../socket/reader.js"', restrictedImport],
    ["packages/node/src/content/x.ts", 'export * from "@httpfx/testing"', restrictedImport],
    ["packages/node/src/x.ts", 'export * from "_http_common"', restrictedImport],
    ["packages/node/src/x.ts", 'export * from "@httpfx/testing"', restrictedImport],
    ["packages/testing/src/x.ts", 'export * from "node:net"', restrictedImport],
    ["packages/testing/src/x.ts", 'export * from "@httpfx/node"', restrictedImport],
    ...["node", "testing"].flatMap((room): Array<[string, string, string]> => [
      [
        `packages/${room}/src/x.ts`,
        "export const f = () => setTimeout(() => {}, 1)",
        "no-restricted-globals"
      ],
      [
        `packages/${room}/src/x.ts`,
        "export const f = () => queueMicrotask(() => {})",
        "no-restricted-globals"
      ],
      [`packages/${room}/src/x.ts`, "export const now = performance.now()", "no-restricted-globals"],
      [`packages/${room}/src/x.ts`, "export const now = Date.now()", "no-restricted-properties"],
      [`packages/${room}/src/x.ts`, "export const now = new Date()", "no-restricted-syntax"]
    ]),
    ["packages/node/src/x.ts", "process.nextTick(() => {})", "no-restricted-properties"],
    ...unpublished.map(([room, code]): [string, string, string] => [
      `packages/${room}/src/x.ts`,
      code,
      "no-restricted-syntax"
    ]),
    ["packages/node/src/x.ts", "export const now = process.hrtime()", "no-restricted-properties"]
  ])("%s: %s", async (file, code, rule) => {
    expect(await rulesBroken(file, code)).toContain(rule)
  })
})

describe("a room may", () => {
  it.each([
    ["packages/core/src/wire/x.ts", 'export * from "./grammar.js"'],
    ["packages/core/src/wire/x.ts", 'export * from "../model/refusal.js"'],
    ["packages/core/src/seams/x.ts", 'export * from "../model/address.js"'],
    ["packages/core/src/errors/x.ts", 'export * from "../model/address.js"'],
    ["packages/core/src/connection/server/x.ts", 'export * from "../../wire/index.js"'],
    ["packages/core/src/connection/server/x.ts", 'export * from "../transfer/slices.js"'],
    ["packages/core/src/connection/server/x.ts", 'export * from "./endings.js"'],
    ["packages/core/test/support/promise/x.ts", 'export * from "../../../src/wire/index.js"'],
    ["packages/core/test/support/promise/x.ts", 'export * from "./shared.js"'],
    ["packages/core/src/internal/server/x.ts", 'export * from "../../errors/index.js"'],
    ["packages/core/src/Server.ts", 'export type { KeyState } from "./connection/client/events.js"'],
    ["packages/core/src/x.ts", 'export * from "effect/Effect"'],
    ["packages/core/src/x.ts", 'export * from "./wire/index.js"'],
    ["packages/node/src/x.ts", 'export * from "node:net"'],
    ["packages/node/src/x.ts", 'import type { Server } from "node:http"\nexport type S = Server'],
    ["packages/testing/src/x.ts", 'export * from "@httpfx/core/Network"'],
    ["packages/testing/src/time/realTime.ts", "export const wallNow = Date.now"],
    ...unpublished.map(([room, code]): [string, string] => [`packages/${room}/src/room/fast/x.ts`, code]),
    ["packages/node/src/x.ts", "export class Own extends Readable { override _write() { super._write() } }"],
    ["packages/node/src/x.ts", "export const shown = (ms: number) => new Date(ms).toISOString()"],
    ["packages/core/test/x.ts", 'export * from "node:http"']
  ])("%s: %s", async (file, code) => {
    expect(await rulesBroken(file, code)).toEqual([])
  })
})

describe("a comment", () => {
  const words = "httpfx/plain-words"

  it.each([
    "// What nobody reads is thrown away.",
    "// A body. Who reads it gets the rest.",
    "// One that waits is served next.",
    "/** The status of bytes that are none. */",
    "// This is no request.",
    "// The end is nobody's to log.",
    "// Milliseconds after which it has had enough.",
    "// The first line, whose sentence\n// goes on. What follows is refused."
  ])("names its subject: %s", async (comment) => {
    expect(await rulesBroken("packages/core/src/x.ts", `${comment}\nexport const x = 1`)).toContain(words)
  })

  it.each([
    "// There is no body, and there are none to come.",
    "// What does a proxy do here?",
    "// The name is no longer a framing field.",
    "// A client that waits is served next.",
    "/**\n * A server.\n *\n * @example\n * // What comes here is code.\n * serve()\n */"
  ])("may say: %s", async (comment) => {
    expect(await rulesBroken("packages/core/src/x.ts", `${comment}\nexport const x = 1`)).toEqual([])
  })

  it("has at most 110 columns", async () => {
    const line = (length: number) => `// ${"x".repeat(length - 3)}\nexport const x = 1`
    expect(await rulesBroken("packages/core/src/x.ts", line(110))).toEqual([])
    expect(await rulesBroken("packages/core/src/x.ts", line(111))).toEqual(["max-len"])
  })
})

describe("a set of bits", () => {
  const wire = "packages/core/src/wire/x.ts"

  it.each([
    "export const Fact = { First: 1, Last: 2147483648 } as const",
    "export const Fact = { First: 1, Last: 0x8000_0000 } as const",
    "export const Fact = { First: 1, Last: 1 << 31 } as const",
    "export const Fact = { First: 1, Last: 2 ** 32 } as const",
    "export enum Fact { First = 1, Last = 4294967296 }",
    "const last = 1 << 31\nexport const isLast = (facts: number) => (facts & last) !== 0"
  ])("ends at the 31st: %s", async (code) => {
    expect(await rulesBroken(wire, code)).toEqual(["httpfx/bits"])
  })

  it.each([
    "export const Fact = { First: 1, Last: 1073741824 } as const",
    "export const Fact = { First: 1, Last: 1 << 30 } as const",
    "export const limits = { room: 2147483647, port: 65535 }",
    "export const word = (chance: number) => Math.floor(chance * 2 ** 32)"
  ])("may be: %s", async (code) => {
    expect(await rulesBroken(wire, code)).toEqual([])
  })
})

describe("the rooms of the engine", () => {
  it("load if `effect` cannot be resolved", async () => {
    const folder = await mkdtemp(join(tmpdir(), "httpfx-rooms-"))
    try {
      await writeFile(join(folder, "package.json"), '{ "type": "module" }')
      for (const room of ["connection", "model", "pool", "seams", "wire"])
        await cp(join(root, "packages/core/dist", room), join(folder, room), { recursive: true })
      const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".js"))
      expect(files.length).toBeGreaterThan(80)
      const loads = files.map((file) => `await import(${JSON.stringify(`./${file}`)})`).join("\n")
      await writeFile(join(folder, "main.mjs"), loads)
      const { stderr, status } = spawnSync(process.execPath, ["main.mjs"], { cwd: folder, encoding: "utf8" })
      expect([stderr, status]).toEqual(["", 0])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe("code that uses unpublished members", () => {
  const filesBelow = async (folder: string, suffix: string) =>
    (await readdir(join(root, folder), { recursive: true })).filter(
      (file) => /(^|[\\/])fast[\\/]/.test(file) && file.endsWith(suffix)
    )

  it.each(["core", "node", "testing"])("has a test with its name: %s", async (name) => {
    const sources = await filesBelow(`packages/${name}/src`, ".ts")
    const tests = await filesBelow(`packages/${name}/test`, ".test.ts")
    const tested = new Set(tests.map((file) => basename(file, ".test.ts")))
    expect(sources.length).toBeGreaterThan(4)
    expect(sources.filter((file) => !tested.has(basename(file, ".ts")))).toEqual([])
  })
})

describe("circular imports", () => {
  const circlesOf = (sources: Readonly<Record<string, string>>) =>
    circles(importsOf(new Map(Object.entries(sources).map(([name, text]) => [`/src/${name}.ts`, text]))))

  it.each<[what: string, sources: Readonly<Record<string, string>>]>([
    ["values", { a: 'import { b } from "./b.js"', b: 'import { a } from "./a.js"' }],
    ["types", { a: 'import type { B } from "./b.js"', b: 'import { a } from "./a.js"' }],
    ["inline type imports", { a: 'type B = import("./b.js").B', b: 'export * from "./a.js"' }],
    ["re-exports", { a: 'export type { B } from "./b.js"', b: 'import "./a.js"' }],
    ["namespace re-exports", { a: 'export * as b from "./b.js"', b: 'import "./a.js"' }],
    [
      "three files",
      { a: 'import "./b.js"', b: 'import "./c.js"', c: 'import("./a.js")', d: 'import "./a.js"' }
    ]
  ])("are found: %s", (_, sources) => {
    const members = Object.keys(sources).filter((name) => name !== "d")
    expect(circlesOf(sources)).toEqual([members.map((name) => `/src/${name}.ts`)])
  })

  it("are not reported for a file that two files import", () => {
    const sources = { a: 'import "./b.js"; import "./c.js"', b: 'import "./c.js"', c: 'import "effect"' }
    expect(circlesOf(sources)).toEqual([])
  })
})

/** Returns the source files of a package that a file loads, and all source files of the package. */
const loading = async (name: string) => {
  const src = join(root, `packages/${name}/src`)
  const files = (await readdir(src, { recursive: true })).filter((file) => file.endsWith(".ts"))
  const texts = files.map(async (file) => [join(src, file), await readFile(join(src, file), "utf8")] as const)
  const graph: ReadonlyMap<string, ReadonlySet<string>> = importsOf(new Map(await Promise.all(texts)))
  const loadedBy = (entry: string) => {
    const loaded = new Set([join(src, entry)])
    for (const file of loaded) for (const target of graph.get(file)!) loaded.add(target)
    return files.filter((file) => loaded.has(join(src, file)))
  }
  return { files, loadedBy }
}

describe("the index of @httpfx/testing", () => {
  it("loads no modules of the entry tools", async () => {
    const { files, loadedBy } = await loading("testing")
    const tools = (file: string) => /^(?:Har|Inspector|Pcap|tools)\.ts$|^tools\//.test(file)
    expect(loadedBy("index.ts").filter(tools)).toEqual([])
    expect(loadedBy("index.ts").length).toBeGreaterThan(50)
    expect(loadedBy("tools.ts").filter(tools)).toEqual(files.filter(tools))
  })
})

describe("the index of @httpfx/core", () => {
  it("loads no modules of the entry CookieJar", async () => {
    const { files, loadedBy } = await loading("core")
    const cookies = (file: string) => file === "CookieJar.ts" || file.startsWith("content/cookies/")
    expect(loadedBy("index.ts").filter(cookies)).toEqual([])
    expect(loadedBy("CookieJar.ts").filter(cookies)).toEqual(files.filter(cookies))
  })
})
