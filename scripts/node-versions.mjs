// The tests on each supported Node.js: npm run test:nodes -- [--only 22,24] [--others] [--all] [--update]
// [FILES]
//
//   --only     these versions instead of 20, 22 and 24
//   --others   without the version that runs this script, which `npm test` has tested
//   --all      every test file; default: those below, which depend most on the version: sockets, streams,
//              timers, modules, and comparisons with its own HTTP modules
//   --update   fetches newer binaries from the registry
//   FILES      these test files
//
// A binary is installed once from the registry's package `node-PLATFORM-ARCHITECTURE` into
// node_modules/.cache/nodes. The version that runs this script is not installed. The last line is `N passed,
// N failed`, in versions. A version that is unavailable counts as failed.
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { nodeBinary } from "./binary.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const { positionals, values: args } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", default: "20,22,24" },
    others: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    update: { type: "boolean", default: false }
  }
})

const selection = [
  // The engine, which depends only on the JavaScript engine.
  "packages/core/test/wire/receive/vectors.test.ts",
  "packages/core/test/wire/automaton/automaton.test.ts",
  "packages/core/test/wire/send/encodeRequest.test.ts",
  "packages/core/test/wire/send/encodeResponse.test.ts",
  // Both APIs in memory, and the batteries for networks, servers and clients.
  "packages/core/test/client/server.test.ts",
  "packages/core/test/connection/withoutEffect.test.ts",
  "packages/core/test/traces.test.ts",
  "packages/core/test/Timers.test.ts",
  "packages/testing/test/network/memory.battery.test.ts",
  "packages/testing/test/battery/server.test.ts",
  "packages/testing/test/battery/client.test.ts",
  // Both APIs on the system's sockets, with TLS and WebSockets.
  "packages/node/test/socket/network.battery.test.ts",
  "packages/node/test/socket/network.test.ts",
  "packages/node/test/socket/tls.test.ts",
  "packages/node/test/socket/tlsEnd.test.ts",
  "packages/node/test/socket/tlsResumption.test.ts",
  "packages/node/test/socket/duplex.test.ts",
  "packages/node/test/socket/duplexDestroy.test.ts",
  "packages/node/test/socket/fast/",
  "packages/node/test/platform/client.test.ts",
  "packages/node/test/platform/eventsPeers.test.ts",
  "packages/node/test/platform/server.test.ts",
  "packages/node/test/webSocket/webSocket.test.ts",
  "packages/node/test/content/",
  // `FetchClient`, which uses the runtime's `Request` and `Response`.
  "packages/core/test/content/fetch.test.ts",
  // The callback API: its members, and its modules in place of the built-in modules.
  "packages/node/test/surface/",
  "packages/node/test/sequences.test.ts",
  "packages/node/test/http/",
  "test/callback-parity.test.ts",
  "test/register.test.ts",
  "test/activation.test.ts"
]

const say = (text) => console.log(`node-versions: ${text}`)

const isOwn = (version) => `${process.versions.node}.`.startsWith(`${version}.`)

const vitest = join(root, "node_modules/vitest/vitest.mjs")
const files = positionals.length > 0 ? positionals : args.all ? [] : selection
let passed = 0
let failed = 0
for (const version of args.only.split(",")) {
  if (args.others && isOwn(version)) continue
  const { path, why } = nodeBinary(version, args.update)
  if (path === undefined) {
    say(why)
    failed++
    continue
  }
  const exact = spawnSync(path, ["--version"], { encoding: "utf8" }).stdout.trim()
  say(`Node.js ${exact}`)
  const begun = performance.now()
  const { status } = spawnSync(path, [vitest, "run", "--reporter=dot", ...files], {
    cwd: root,
    stdio: "inherit"
  })
  say(
    `Node.js ${exact}: ${status === 0 ? "passed" : "failed"} after ${Math.round((performance.now() - begun) / 1000)} s`
  )
  if (status === 0) passed++
  else failed++
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
