/**
 * Checks packages in a user's project: with publint and "are the types wrong", by type-checking with all
 * current kinds of module resolution, and by running programs.
 */
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { assert } from "vitest"
import { root, run } from "./support.js"

const program = `
import { HttpClient, HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { Client, HttpError, Server } from "@httpfx/core"
import * as NetworkModule from "@httpfx/core/Network"
import { NodeNetwork } from "@httpfx/node"
import { MemoryNetwork } from "@httpfx/testing"
import { Effect, Layer, Schema } from "effect"

const router = HttpRouter.empty.pipe(HttpRouter.get("/", HttpServerResponse.json({ greeting: "hello" })))
const Greeting = Schema.Struct({ greeting: Schema.String })

const visit = Effect.gen(function* () {
  const url = yield* HttpServer.addressFormattedWith(Effect.succeed)
  const response = yield* HttpClient.get(url.replace("0.0.0.0", "127.0.0.1"))
  const { greeting } = yield* Schema.decodeUnknown(Greeting)(yield* response.json)
  return greeting
})

const refused: Effect.Effect<string, Exclude<Client.RequestError, HttpError.ConnectionRefused>, Client.Client> =
  Client.request({ url: "http://127.0.0.1:1/" }).pipe(
    Effect.as("answered"),
    Effect.catchTag("ConnectionRefused", (error) => Effect.succeed(error.code))
  )

const on = (network: Layer.Layer<NetworkModule.Network>) =>
  Effect.all([visit, refused]).pipe(
    Effect.provide(HttpServer.serve(router).pipe(
      Layer.provideMerge(Server.layer({ port: 0, host: "127.0.0.1" })),
      Layer.merge(Client.layer),
      Layer.provide(network)
    ))
  )

const results = await Effect.runPromise(Effect.all({ memory: on(MemoryNetwork.layer()), node: on(NodeNetwork.layer) }))
console.log(JSON.stringify(results))
`

const callback = `
import http, { createServer, request, type IncomingMessage } from "@httpfx/node/http"
import https from "@httpfx/node/https"
import builtin from "node:http"

// The types of the two modules are compatible in both directions.
const listener: builtin.RequestListener = (req, res) => void res.end(req.url)
const server: http.Server = createServer(listener)
const same: builtin.Server = server
const agent: https.Agent = new https.Agent({ keepAlive: true })
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number }
  request({ port, host: "127.0.0.1", path: "/packed" }, (res: IncomingMessage) => {
    res.on("data", (data) => console.log(String(data), same === server, agent instanceof http.Agent))
    server.close()
  }).end()
})
`

const required = `
const http = require("@httpfx/node/http")
import("@httpfx/node/http").then((imported) => {
  const hooked = require("http") === http && imported.default === http
  console.log(hooked, imported.Agent === http.Agent, require("@httpfx/node/https").globalAgent instanceof http.Agent)
})
`

// `sideEffects: false` means that loading a module only defines things. Load Effect first, because its side
// effects are not ours.
const loads = (specifiers: ReadonlyArray<string>) => `
import { createRequire } from "node:module"
import "@effect/platform"
import { Effect } from "effect"
// After a fiber has run, its global exists; after use of web globals, so does Node's HTTP client.
void globalThis.FormData
Effect.runSync(Effect.withFiberRuntime(() => Effect.void))
const globals = new Set(Reflect.ownKeys(globalThis))
const listeners = process.eventNames().length
const specifiers = ${JSON.stringify(specifiers)}
const modules = []
for (const specifier of specifiers) modules.push(await import(specifier))
const again = process.features.require_module
  ? specifiers.filter((specifier, index) => createRequire(import.meta.url)(specifier) !== modules[index])
  : []
console.log(JSON.stringify({
  globals: Reflect.ownKeys(globalThis).filter((key) => !globals.has(key)).map(String),
  listeners: process.eventNames().length - listeners,
  handles: process.getActiveResourcesInfo().filter((name) => /Timeout|Server|Socket/.test(name)),
  again
}))
`

const compilerOptions = {
  target: "ES2022",
  lib: ["ES2022", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  types: ["node"]
}

// Check our declarations too, with the strictest settings that a user may have. "are the types wrong" checks
// the resolution of bundlers.
const node16 = { module: "Node16", moduleResolution: "Node16", skipLibCheck: false, outDir: "out" }

// Maximum sizes of the tarballs, bytes. Half of a tarball is sources and source maps. The limits are a third
// above the current sizes, so they detect misplaced folders (tests, bundled dependencies) but not features.
export const largest: Readonly<Record<string, number>> = {
  core: 1_050_000,
  node: 1_000_000,
  testing: 600_000
}

const withRequire = ["./http", "./https", "./register"]

/** Returns the complaints of publint and "are the types wrong" about a tarball. */
const complaints = async (data: Uint8Array): Promise<ReadonlyArray<string>> => {
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(data).buffer }, strict: true })
  const analysis = await checkPackage(createPackageFromTarballData(data))
  if (analysis.types === false) return ["no types"]
  return [
    ...messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code),
    ...analysis.problems.flatMap((problem) => {
      const { kind } = problem
      const where = "entrypoint" in problem ? `${problem.entrypoint} (${problem.resolutionKind})` : ""
      // TypeScript's `node10` ignores `exports`, and Node.js 10 is not supported.
      if (where.endsWith("(node10)")) return []
      // Our modules are ES modules, which CommonJS loads by `import()` and, since Node.js 20.19, by
      // `require`. Only the callback API is both.
      if (kind === "CJSResolvesToESM" && !withRequire.some((entry) => where.startsWith(entry))) return []
      return [`${kind} ${where}`]
    })
  ]
}

/**
 * Returns all modules that any program can import, except the callback API and the matchers, which are for
 * tests.
 */
const importable = async (): Promise<ReadonlyArray<string>> => {
  const specifiers: Array<string> = ["@httpfx/core/wire", "@httpfx/core/pool"]
  for (const name of Object.keys(largest)) {
    for (const file of await readdir(join(root, "packages", name, "src"))) {
      if (!/^(http|https|register|vitest)\.ts$/.test(file) && file.endsWith(".ts")) {
        specifiers.push(`@httpfx/${name}/${file.slice(0, -3)}`.replace(/\/index$/, ""))
      }
    }
  }
  return specifiers
}

/** Checks the tarballs, which are in the order of publication. */
export const judge = async (tarballs: ReadonlyArray<string>): Promise<void> => {
  assert.lengthOf(tarballs, 3)
  for (const [index, [name, most]] of Object.entries(largest).entries()) {
    const data = await readFile(tarballs[index]!)
    assert.deepStrictEqual(await complaints(data), [], name)
    console.log(`@httpfx/${name}: ${Math.round(data.length / 1024)} KiB packed`)
    assert.isBelow(data.length, most, name)
  }
}

/** Uses the packages in a folder of a project in which they are installed. */
export const use = async (installed: string): Promise<void> => {
  const project = join(installed, "packaging")
  await mkdir(project)
  await writeFile(join(project, "package.json"), JSON.stringify({ type: "module", private: true }))
  await writeFile(join(project, "program.ts"), program)
  await writeFile(join(project, "callback.ts"), callback)
  await writeFile(join(project, "required.cjs"), required)
  const specifiers = await importable()
  const everything = specifiers.map((specifier, index) => `export * as m${index} from "${specifier}"\n`)
  await writeFile(join(project, "everything.ts"), everything.join(""))
  const compiler = join(root, "node_modules/typescript/bin/tsc")
  const file = join(project, "tsconfig.node16.json")
  const config = {
    compilerOptions: { ...compilerOptions, ...node16 },
    files: ["program.ts", "callback.ts", "everything.ts"]
  }
  await writeFile(file, JSON.stringify(config))
  await run(process.execPath, [compiler, "-p", file], project)

  const printed = await run(process.execPath, ["out/program.js"], project)
  const expected = ["hello", "ECONNREFUSED"]
  assert.deepStrictEqual(JSON.parse(printed), { memory: expected, node: expected })

  assert.strictEqual(await run(process.execPath, ["out/callback.js"], project), "/packed true true\n")
  for (const option of ["--import", "--require"]) {
    const args = [option, "@httpfx/node/register", "required.cjs"]
    assert.strictEqual(await run(process.execPath, args, project), "true true true\n")
  }

  // These symbols are globals, so that modules that are loaded after fake timers get the real timers.
  const realTimes = ["Symbol(@httpfx/node/realTime)", "Symbol(@httpfx/testing/realTime)"]
  await writeFile(join(project, "loads.mjs"), loads(specifiers))
  const loaded = await run(process.execPath, ["--no-warnings", "loads.mjs"], project)
  assert.deepStrictEqual(JSON.parse(loaded), { globals: realTimes, listeners: 0, handles: [], again: [] })

  const imports = (specifier: string) =>
    run(process.execPath, ["--input-type=module", "--eval", `await import("${specifier}")`], project)
  await imports("@httpfx/core/wire")
  await imports("@httpfx/core/pool")
  for (const hidden of [
    "@httpfx/core/internal/body",
    "@httpfx/core/wire/encode",
    "@httpfx/node/socket/fault",
    "@httpfx/node/http/agent",
    "@httpfx/node/register/loader"
  ]) {
    const refusal = await imports(hidden).then(
      () => "imported",
      (error: Error) => error.message
    )
    assert.include(refusal, "ERR_PACKAGE_PATH_NOT_EXPORTED", hidden)
  }
}

// Entries that need a package which most programs do not use, each with the name of this package.
const optional: Readonly<Record<string, string>> = {
  "@httpfx/node/NodeClusterHttp": "@effect/cluster",
  "@httpfx/node/NodeClusterSocket": "@effect/cluster",
  "@httpfx/testing/vitest": "vitest"
}

const npm = (args: ReadonlyArray<string>, project: string) =>
  run("npm", [...args, "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"], project)

const greets = `
import { HttpServer, HttpServerResponse } from "@effect/platform"
import { Client } from "@httpfx/core"
import { NodeHttpClient, NodeHttpServer } from "@httpfx/node"
import { Effect, Layer } from "effect"

const app = HttpServer.serve(HttpServerResponse.text("hello"))
const greeting = HttpServer.addressWith((address) => Client.request({ url: \`http://127.0.0.1:\${address.port}/\` })).pipe(
  Effect.flatMap((response) => response.text)
)
const network = Layer.merge(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" }), NodeHttpClient.layer)
console.log(await Effect.runPromise(Effect.provide(greeting, Layer.provideMerge(app, network))))
`

const tries = (specifiers: ReadonlyArray<string>) => `
const missing = {}
for (const specifier of ${JSON.stringify(specifiers)}) {
  await import(specifier).catch((error) => {
    missing[specifier] = /Cannot find package '([^']+)'/.exec(error.message)?.[1] ?? String(error)
  })
}
console.log(JSON.stringify(missing))
`

/**
 * Uses the packages in a project that has no other peer dependencies than Effect and platform, so without the
 * packages of the entries above.
 */
export const useAlone = async (tarballs: ReadonlyArray<string>, folder: string): Promise<string> => {
  const project = join(folder, "alone")
  await mkdir(project)
  await writeFile(join(project, "package.json"), JSON.stringify({ type: "module", private: true }))
  await writeFile(join(project, ".npmrc"), "omit=peer\n")
  const text = await readFile(join(root, "package.json"), "utf8")
  const { devDependencies } = JSON.parse(text) as { devDependencies: Readonly<Record<string, string>> }
  const peers = ["effect", "@effect/platform"].map((name) => `${name}@${devDependencies[name]}`)
  await npm(["install", "--ignore-scripts", ...tarballs, ...peers], project)
  const installed = await readdir(join(project, "node_modules/@effect"))
  assert.sameMembers(installed, ["platform", "platform-node-shared"])

  const specifiers = [...(await importable()), "@httpfx/testing/vitest"]
  await writeFile(join(project, "tries.mjs"), tries(specifiers))
  const missing = await run(process.execPath, ["--no-warnings", "tries.mjs"], project)
  assert.deepStrictEqual(JSON.parse(missing), optional)

  await writeFile(join(project, "greets.mjs"), greets)
  assert.strictEqual(await run(process.execPath, ["greets.mjs"], project), "hello\n")
  return project
}

const matchers = `
import { HttpClient, HttpServerResponse } from "@effect/platform"
import { TestServer } from "@httpfx/testing"
import { noLeaks, noRealNetwork, whole } from "@httpfx/testing/vitest"
import { Effect } from "effect"
import { expect, it } from "vitest"

const watched = noLeaks()
noRealNetwork()

const app = HttpServerResponse.unsafeJson({ id: 1 }, { headers: { etag: '"a"' } })
const asks = Effect.gen(function* () {
  const response = yield* whole(HttpClient.get("/"))
  expect(response).toHaveStatus(200)
  expect(response).not.toHaveStatus(201)
  expect(response).toHaveHeader("ETag", /a/)
  expect(response).toHaveBody('{"id":1}')
  expect(response).toHaveJson({ id: expect.any(Number) })
  expect({ response }).toEqual({ response: expect.toHaveStatus(200) })
  expect(() => expect(response).toHaveStatus(404)).toThrow("expected status 404")
  expect("HTTP/1.1 200 OK\\r\\nDate: now\\r\\n\\r\\n").toMatchWire("HTTP/1.1 200 OK\\r\\n\\r\\n", { ignore: ["date"] })
})
it("matches", () => Effect.runPromise(watched(Effect.provide(asks, TestServer.serve(app)))))
`

/**
 * Installs a version of vitest next to the packages. Runs the matchers under this version and checks their
 * types.
 */
export const useVitest = async (project: string, version: string): Promise<void> => {
  const types = version === "5" ? "22" : "20"
  await npm(
    ["install", "--save-dev", "--ignore-scripts", `vitest@${version}`, "vite", `@types/node@${types}`],
    project
  )
  await writeFile(join(project, "matchers.test.ts"), matchers)
  const file = join(project, "tsconfig.json")
  const options = { ...compilerOptions, ...node16, skipLibCheck: true, noEmit: true }
  await writeFile(file, JSON.stringify({ compilerOptions: options, files: ["matchers.test.ts"] }))
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", file], project)
  const printed = await run(process.execPath, ["node_modules/vitest/vitest.mjs", "run"], project)
  assert.match(printed, new RegExp(`v${version}\\.`))
  assert.match(printed, /1 passed/)
}
