/**
 * examples/shortener as a user's service: in an empty folder, with the packages as published and all other
 * packages from the registry. It type-checks, passes its tests, and runs compiled. Part of `npm run
 * test:guides`.
 */
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { blocksOf } from "./stranger.js"
import { program, root, run, temporaryFolder } from "./support.js"

const isRun = process.env["HTTPFX_GUIDES"] !== undefined

const versionsOf = async (manifest: string): Promise<Readonly<Record<string, string>>> => {
  const { dependencies, devDependencies } = JSON.parse(
    await readFile(join(root, manifest), "utf8")
  ) as Record<string, Record<string, string> | undefined>
  return { ...dependencies, ...devDependencies }
}

/** Returns the packages that these sources import. */
const imported = (sources: ReadonlyArray<string>): ReadonlySet<string> => {
  const names = sources.flatMap((source) =>
    Array.from(source.matchAll(/ from "((?:@[\w-]+\/)?[\w-]+)(?:\/[^"]+)?"$/gm), ([, name]) => name!)
  )
  return new Set(names.filter((name) => !name.startsWith("node:")))
}

describe(`examples/shortener${isRun ? "" : " (run by npm run test:guides)"}`, () => {
  it.runIf(isRun)("is built from an empty folder with the packed packages", async () => {
    const folder = temporaryFolder()
    const project = join(folder, "project")
    for (const name of ["shortener", "tests"]) await mkdir(join(project, name), { recursive: true })
    const sources = await readdir(join(root, "examples/shortener"))
    const files = [...sources.map((name) => `shortener/${name}`), "tests/shortener.test.ts"]
    for (const file of files) await copyFile(join(root, "examples", file), join(project, file))
    await writeFile(join(project, "package.json"), JSON.stringify({ type: "module", private: true }))
    const [config] = (await blocksOf("docs/first-steps.md")).filter(({ file }) => file === "tsconfig.json")
    await writeFile(join(project, "tsconfig.json"), config!.text)

    const tarballs = (await run(process.execPath, ["scripts/pack.mjs", join(folder, "tarballs")], root))
      .trim()
      .split("\n")
    const versions = { ...(await versionsOf("package.json")), ...(await versionsOf("examples/package.json")) }
    const texts = await Promise.all(files.map((file) => readFile(join(project, file), "utf8")))
    // Install these peers of `@effect/opentelemetry` in our versions. npm alone would install newer versions,
    // which do not fit the exporter.
    const telemetry = Object.keys(versions).filter((name) => name.startsWith("@opentelemetry/"))
    const others = [...imported(texts), ...telemetry, "vitest", "typescript", "@types/node"].filter(
      (name) => !name.startsWith("@httpfx/")
    )
    for (const name of others) assert.property(versions, name)
    const packages = [...tarballs, ...others.map((name) => `${name}@${versions[name]!}`)]
    await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...packages], project)

    await run("npx", ["tsc"], project)
    // The tests of a service set no test timeouts for a machine under load.
    const vitest = ["vitest", "run", "--testTimeout=240000"]
    assert.match(await run("npx", vitest, project, { VITEST: "" }), /Tests .*8 passed/)
    await run("npx", ["tsc", "--noEmit", "false", "--outDir", "dist", "--sourceMap"], project)
    const env = { PORT: "0", ADMIN_PORT: "0", DATABASE: join(folder, "links.db") }
    const service = program(["--enable-source-maps", "dist/shortener/main.js"], project, env)
    const [, port] = await service.prints(/Listening on http:\/\/[^:]+:(\d+)/)
    const response = await fetch(`http://127.0.0.1:${port}/nothing`)
    assert.deepStrictEqual(await response.json(), { _tag: "LinkNotFound", slug: "nothing" })
    assert.strictEqual((await service.stop("SIGTERM")).code, 0)
  })
})
