// Runs the cases of one suite in the current runtime, from the case with index FROM on:
//
//   batteries.mjs SUITE FROM
//
// Prints a line of JSON when a case begins (`{ "name" }`) and when it ends (`{ "name", "error" }`). `error`
// is `null` for a passed case. Exits if a case is still running after `patience`, because that case could
// affect the next cases.
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Client, Server } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { ClientBattery, MemoryNetwork, NetworkBattery, ServerBattery } from "@httpfx/testing"
import * as BunNetwork from "@httpfx/node/BunNetwork"
import { bunFeatures } from "./bunFeatures.mjs"
import { features, featuresOn } from "./features.mjs"

// Time after which a running case counts as hanging, ms. Passed cases take at most a second.
const patience = 60_000

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "httpfx-"))
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }))

let paths = 0
const newPath = () => path.join(folder, `${++paths}.sock`)
const server = Server.layer({ port: 0, host: "127.0.0.1" })
const inMemory = MemoryNetwork.layer({ latency: 1 })

const network = () => NetworkBattery.cases({ path: newPath })
const serverOn = (network) => [ServerBattery.cases(), Layer.provideMerge(server, network)]
const clientOn = (network) => [ClientBattery.cases(), Layer.provideMerge(Client.layer, network)]

/** The suites: each returns its cases, and the layer that each case needs. */
const suites = {
  "network on sockets": () => [network(), NodeNetwork.layer],
  "server on sockets": () => serverOn(NodeNetwork.layer),
  "client on sockets": () => clientOn(NodeNetwork.layer),
  "network on BunNetwork": () => [network(), BunNetwork.layer],
  "server on BunNetwork": () => serverOn(BunNetwork.layer),
  "client on BunNetwork": () => clientOn(BunNetwork.layer),
  "features on BunNetwork": () => [
    [...featuresOn(BunNetwork.layer, newPath), ...bunFeatures(newPath)],
    BunNetwork.layer
  ],
  features: () => [features(newPath), Layer.empty],
  "network in memory": () => [network(), inMemory],
  "server in memory": () => serverOn(inMemory),
  "client in memory": () => clientOn(inMemory)
}

const [suite, from = "0"] = process.argv.slice(2)
const [cases, layer] = suites[suite]()

const say = (line) => fs.writeSync(1, `${JSON.stringify(line)}\n`)

for (const { effect, name } of cases.slice(Number(from))) {
  say({ name })
  const timer = setTimeout(() => {
    say({ name, error: "hangs" })
    process.exit(1)
  }, patience)
  const exit = await Effect.runPromiseExit(Effect.provide(effect, layer))
  clearTimeout(timer)
  say({ name, error: Exit.isSuccess(exit) ? null : Cause.pretty(exit.cause) })
}
process.exit(0)
