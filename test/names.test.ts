/**
 * Names in code font in documents exist: members of our modules, identifiers of our sources or their
 * dependencies, entries, commands and files.
 */
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { basename, dirname, join } from "node:path"
import { assert, describe, it } from "vitest"
import { root } from "./support.js"

const packages = ["core", "node", "testing"] as const

const filesIn = (folder: string, without: ReadonlyArray<string>): Array<string> =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (without.includes(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesIn(path, without) : [path]
  })
const files = filesIn(root, ["node_modules", "dist", ".git", "reference"]).map((file) =>
  file.slice(root.length)
)
const textOf = (file: string) => readFileSync(join(root, file), "utf8")

const documents = files.filter(
  (file) => /^(?:docs\/|packages\/\w+\/)?[\w.-]+\.md$/.test(file) && !file.startsWith(".")
)
const code = (text: string) => text.replace(/\/\*.*?\*\//gs, "").replace(/(?<=^|\s)\/\/.*$/gm, "")
const wordsOf = (text: string) => text.match(/[\w$]+/g) ?? []

const sources = new Map(
  files.filter((file) => /\.(?:[cm]?[jt]s|json|yaml)$/.test(file)).map((file) => [file, code(textOf(file))])
)
const words = new Set([...sources.values()].flatMap(wordsOf))

// The names in the declarations of our dependencies, and of packages that guides compare with, exist too.
const require = createRequire(join(root, "benchmarks/package.json"))
for (const name of [
  "effect",
  "@effect/platform",
  "@effect/platform-node",
  "@effect/rpc",
  "@types/node",
  "undici"
]) {
  for (const file of filesIn(dirname(require.resolve(`${name}/package.json`)), ["node_modules"])) {
    if (file.endsWith(".d.ts")) for (const word of wordsOf(readFileSync(file, "utf8"))) words.add(word)
  }
}

/**
 * Names of operating systems, nginx, Kubernetes, systemd, got and ky, which have no declaration in this
 * repository.
 */
const others = new Set([
  "SO_REUSEPORT",
  "TCP_NODELAY",
  "proxy_http_version",
  "keepalive_timeout",
  "max_fails",
  "fail_timeout",
  "terminationGracePeriodSeconds",
  "preStop",
  "maxUnavailable",
  "ExecStartPost",
  "ExecReload",
  "DynamicUser",
  "StateDirectory",
  "AmbientCapabilities",
  "CAP_NET_BIND_SERVICE",
  "CapabilityBoundingSet",
  "LimitNOFILE",
  "MemoryDenyWriteExecute",
  "AF_NETLINK",
  "cookieJar",
  "followRedirect",
  "uploadProgress",
  "onDownloadProgress",
  "throwHttpErrors"
])

/** Files that the repository's commands generate. */
const made = ["reference/", "CHANGELOG.md"]

interface Span {
  readonly document: string
  readonly text: string
}

/** All code spans outside of code blocks. */
const spans: ReadonlyArray<Span> = documents.flatMap((document) =>
  Array.from(
    textOf(document)
      .replace(/^```.*?^```$/gms, "")
      // Leave out paths in other packages, which follow the name and version of the package.
      .replace(/(?<=[\w-] [\d.]+ )\(`[^`]+`\)/g, "")
      .matchAll(/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/gs),
    (match) => ({ document, text: match[2]!.replace(/\s+/g, " ").trim() })
  )
)

const wrong = (isWrong: (text: string) => string | undefined): ReadonlyArray<string> => [
  ...new Set(
    spans.flatMap(({ document, text }) => {
      const why = isWrong(text)
      return why === undefined ? [] : [`${document}: \`${text}\`: ${why}`]
    })
  )
]

const scripts = (JSON.parse(textOf("package.json")) as { scripts: object }).scripts
const entryPoints = packages.flatMap((name) => {
  const { exports } = JSON.parse(textOf(`packages/${name}/package.json`)) as {
    exports: { [key: string]: object | string | null }
  }
  const keys = Object.keys(exports).filter((key) => exports[key] !== null)
  return keys.map((key) => `@httpfx/${name}${key.slice(1)}`)
})
const modules = files.filter((file) => /^packages\/\w+\/src\/\w+\.ts$/.test(file))

const isEntryPoint = (name: string) =>
  entryPoints.includes(name) ||
  (entryPoints.includes(join(dirname(name), "*")) &&
    modules.includes(`packages/${name.split("/")[1]}/src/${basename(name)}.ts`))

const named = (module: string, pattern: RegExp): ReadonlyArray<string> =>
  Array.from((sources.get(module) ?? "").matchAll(pattern), (match) =>
    join(dirname(module), `${match[1]}.ts`)
  )

/** Returns a module and all modules that it re-exports. */
const whole = (module: string): ReadonlyArray<string> => [
  module,
  ...named(module, /^export [^;"]*?from "(\.[^"]+)\.js"/gm).flatMap(whole)
]

/** Returns the words of a module, of the modules that it re-exports, and of their imports. */
const wordsIn = (module: string): ReadonlySet<string> => {
  const own = whole(module)
  const others = own.flatMap((each) => named(each, /(?:from|import\() ?"(\.[^"]+)\.js"/g))
  return new Set([...own, ...others].flatMap((each) => wordsOf(sources.get(each) ?? "")))
}

const isFile = (text: string) =>
  /^(?:(?!@)[\w.*-]+\/)*(?:[\w.*-]+\.(?:ts|mjs|cts|json|md|yaml)|[a-z]+\/)$/.test(text)

describe("code font in documents", () => {
  it("names members of our modules", () => {
    let checked = 0
    const found = wrong((text) => {
      const [, name, path] = /^([A-Z]\w+)((?:\.\w+)+)/.exec(text) ?? []
      const module = modules.find((file) => basename(file, ".ts") === name)
      if (module === undefined || /\.(?:ts|md|mjs)$/.test(text)) return undefined
      checked++
      const there = wordsIn(module)
      const missing = path!
        .slice(1)
        .split(".")
        .find((word) => !there.has(word))
      return missing === undefined ? undefined : `no ${missing} in ${module}`
    })
    assert.deepStrictEqual(found, [])
    assert.isAbove(checked, 80)
  })

  it("names identifiers of the sources or their dependencies", () => {
    let checked = 0
    const found = wrong((text) => {
      if (/^(?:npm|npx|node|curl|git|mkdir) /.test(text) || isFile(text)) return undefined
      const names = text.match(/(?<![\w$./-])[\w$]*(?:[a-z][A-Z]|[A-Z]_|[a-z]_)[\w$]*(?![\w$/-])/g) ?? []
      checked += names.length
      return names.find((name) => !words.has(name) && !others.has(name))
    })
    assert.deepStrictEqual(found, [])
    assert.isAbove(checked, 600)
  })

  it("names importable packages", () => {
    const found = wrong((text) => {
      const name = /@httpfx\/[\w/]*\w/.exec(text)?.[0]
      return name === undefined || isEntryPoint(name) ? undefined : "no entry point"
    })
    assert.deepStrictEqual(found, [])
  })

  it("names scripts that exist", () => {
    const known = new Set([...Object.keys(scripts), "example"])
    const found = wrong((text) => {
      const script = /^npm (?:run (?:--silent )?([\w:-]+)|(test|start))/.exec(text)
      return script === null || known.has((script[1] ?? script[2])!) ? undefined : "no such script"
    })
    assert.deepStrictEqual(found, [])
  })

  it("names files and folders in the repository", () => {
    let checked = 0
    const found = wrong((text) => {
      if (!isFile(text) || made.includes(text)) return undefined
      checked++
      const pattern = new RegExp(`(?:^|/)${text.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}`)
      return files.some((file) => pattern.test(file)) ? undefined : "not there"
    })
    assert.deepStrictEqual(found, [])
    assert.isAbove(checked, 80)
  })
})
