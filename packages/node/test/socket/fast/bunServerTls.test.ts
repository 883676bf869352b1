// The options for Bun's `upgradeTLS`. The suite "features on BunNetwork" of `npm run test:runtimes` makes
// real handshakes with them. It fails if Bun no longer supports `isServer`.
import { expect, it } from "vitest"
import type { BunSocket, Upgrade } from "../../../src/socket/bun/api.js"
import { upgrade } from "../../../src/socket/fast/bunServerTls.js"

it.each([
  ["client", false],
  ["server", true]
] as const)("the role %s", (role, isServer) => {
  const given: Array<Upgrade> = []
  const socket = { upgradeTLS: (options: Upgrade) => given.push(options) } as unknown as BunSocket
  upgrade(socket, role, { tls: { cert: "a" } } as Upgrade)
  expect(given).toEqual([{ tls: { cert: "a" }, isServer }])
})
