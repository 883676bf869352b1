// Core's tests on other versions of Effect: npm run test:peers -- [--only lowest] [--others] [--all]
// [--update] [FILES]
//
//   --only     `lowest`: the lowest versions in the packages' peer ranges; `newest`: those below
//   --others   without the installed versions, which `npm test` has tested
//   --all      every test file of core; default: those below, which use Effect and platform
//   --update   reinstalls the versions
//   FILES      these test files
//
// Each set of versions is installed once into node_modules/.cache/peers, where tests find Effect
// (vitest.config.ts). The last line is `N passed, N failed`, in sets. A set that cannot be installed counts
// as failed.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const root = fileURLToPath(new URL("..", import.meta.url))
const { positionals, values: args } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", default: "lowest,newest" },
    others: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    update: { type: "boolean", default: false }
  }
})

const newest = {
  effect: "3.22.4",
  "@effect/platform": "0.97.2"
}

const selection = ["connection", "server", "client", "platform", "fast"].map(
  (room) => `packages/core/test/${room}/`
)

const say = (text) => console.log(`peers: ${text}`)

const isOfEffect = (name) => /^(@effect\/|effect$)/.test(name)
const manifests = [".", ...readdirSync(join(root, "packages")).map((name) => `packages/${name}`)]
  .map((folder) => join(root, folder, "package.json"))
  .map((path) => JSON.parse(readFileSync(path, "utf8")))

/**
 * Returns the versions of Effect's packages in these fields of our packages. Of a range, returns the lowest
 * version.
 */
const named = (...fields) => {
  const found = {}
  for (const manifest of manifests) {
    for (const field of fields) {
      for (const [name, range] of Object.entries(manifest[field] ?? {})) {
        const version = range.replace(/^\^/, "")
        if (!isOfEffect(name)) continue
        if (found[name] !== undefined && found[name] !== version)
          throw new Error(`our packages name ${name} ${found[name]} and ${version}`)
        found[name] = version
      }
    }
  }
  return found
}

const installed = named("devDependencies")
const sets = {
  lowest: { ...installed, ...named("dependencies", "peerDependencies") },
  newest: { ...installed, ...named("dependencies"), ...newest }
}

/** Returns the folder of a set of versions, or the reason why it is missing. */
const folderOf = (name, versions) => {
  const folder = join(root, "node_modules/.cache/peers", name)
  const wanted = JSON.stringify(versions)
  const stamp = join(folder, "versions.json")
  if (!args.update && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return { folder }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "package.json"), '{ "private": true }')
  const quiet = [
    "--no-save",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--loglevel=error",
    // Use the repository's vitest, because two copies of vitest do not share their registered tests.
    "--legacy-peer-deps"
  ]
  const packages = Object.entries(versions).map(([name, version]) => `${name}@${version}`)
  const { status, stderr } = spawnSync("npm", ["install", ...quiet, ...packages], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32"
  })
  if (status !== 0) return { why: `${packages.join(", ")} could not be installed\n${stderr}` }
  writeFileSync(stamp, wanted)
  return { folder }
}

const vitest = join(root, "node_modules/vitest/vitest.mjs")
const files = positionals.length > 0 ? positionals : args.all ? ["packages/core/"] : selection
let passed = 0
let failed = 0
for (const name of args.only.split(",")) {
  const versions = sets[name]
  if (versions === undefined) throw new Error(`--only: lowest or newest, not ${name}`)
  const shown = `${name}: effect ${versions.effect}, @effect/platform ${versions["@effect/platform"]}`
  const isInstalled = Object.keys(newest).every((each) => versions[each] === installed[each])
  if (args.others && isInstalled) {
    say(`${shown}: installed here, so npm test has tested it`)
    continue
  }
  const { folder, why } = folderOf(name, versions)
  if (folder === undefined) {
    say(why)
    failed++
    continue
  }
  say(shown)
  const begun = performance.now()
  const { status } = spawnSync(process.execPath, [vitest, "run", "--reporter=dot", ...files], {
    cwd: root,
    env: { ...process.env, HTTPFX_PEERS: folder },
    stdio: "inherit"
  })
  const result = status === 0 ? "passed" : "failed"
  say(`${shown}: ${result} after ${Math.round((performance.now() - begun) / 1000)} s`)
  if (status === 0) passed++
  else failed++
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
