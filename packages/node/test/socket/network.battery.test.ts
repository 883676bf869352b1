/** The sockets of the operating system pass the network battery, as the memory network does. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll } from "vitest"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"
import * as NetworkBattery from "@httpfx/testing/NetworkBattery"

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "httpfx-"))
afterAll(() => fs.rmSync(folder, { recursive: true }))

let paths = 0
const cases = NetworkBattery.cases({ path: () => path.join(folder, `${++paths}.sock`) })

describe("NodeNetwork", () => {
  for (const { name, effect } of cases) {
    it.live(name, () => effect.pipe(Effect.provide(NodeNetwork.layer)))
  }
})
