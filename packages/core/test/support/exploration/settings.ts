/**
 * The explorations of servers and pools. An exploration of a server has related kinds of messages, and the
 * clock and the shutdown if they matter. An exploration of a pool has few connections.
 */
import type { ConnectionLimits } from "../../../src/pool/index.js"
import { hostA, hostB } from "../connection/clientWorld.js"
import { ClientWorld, type Coming } from "./clientWorld.js"
import { ServerWorld, type Setting } from "./serverWorld.js"
import type { World } from "./world.js"

export interface Explored {
  readonly name: string
  readonly make: () => World
  /** The events that lead to the initial state. */
  readonly prelude: ReadonlyArray<string>
}

const servers: ReadonlyArray<Setting> = [
  { name: "requests", messages: ["get", "cut", "two"] },
  { name: "bodies", messages: ["post", "chunked", "get"] },
  { name: "long bodies", messages: ["flood", "get"] },
  { name: "expectations", messages: ["expect", "get"] },
  { name: "last requests", messages: ["last", "old", "head"] },
  { name: "malformed requests", messages: ["bad", "get", "post"] },
  { name: "rejections that the owner answers", messages: ["bad", "post"], asks: true, clock: true },
  { name: "other protocols", messages: ["upgrade", "connect", "get"] },
  { name: "half-open", messages: ["two", "post"], settings: { allowHalfOpen: true } },
  { name: "a limit of requests", messages: ["get", "two"], settings: { maxRequestsPerSocket: 1 } },
  { name: "deadlines", messages: ["cut", "post", "get"], clock: true },
  { name: "a shutdown", messages: ["get", "post", "upgrade"], shutdown: true, clock: true },
  { name: "a shutdown that waits", messages: ["two", "upgrade"], shutdown: true, clock: true, keeps: true }
]

const requests: ReadonlyArray<Coming> = [
  { to: hostA, method: "GET", path: "/0" },
  { to: hostB, method: "POST", path: "/1", body: "x" },
  { to: hostA, method: "POST", path: "/2", body: "y" },
  { to: hostB, method: "GET", path: "/3" }
]

const loans: ReadonlyArray<Coming> = [
  { borrow: hostA },
  { to: hostA, method: "GET", path: "/1" },
  { borrow: hostB },
  { to: hostA, method: "POST", path: "/3", body: "x" }
]

const more: ReadonlyArray<Coming> = [
  { to: hostA, method: "GET", path: "/0" },
  { to: hostA, method: "GET", path: "/1" },
  { to: hostA, method: "GET", path: "/2" },
  { to: hostA, method: "POST", path: "/3", body: "x" },
  { to: hostB, method: "GET", path: "/4" }
]

const kept: ReadonlyArray<Coming> = [
  { to: hostA, method: "GET", path: "/0" },
  { to: hostA, method: "POST", path: "/1", body: "x" },
  { to: hostB, method: "GET", path: "/2" }
]

/** Events after which a request that cannot be resent is on a connection that has served a request before. */
const onKept = ["next", "connect 0", "answer 0", "tell 0", "next", "turn"]

const twoIdle = ["next", "next", "connect 0", "connect 0", "answer 0", "tell 0", "answer 1", "tell 1"]

const clients: ReadonlyArray<
  readonly [
    name: string,
    limits: ConnectionLimits,
    coming: ReadonlyArray<Coming>,
    prelude?: ReadonlyArray<string>
  ]
> = [
  ["two connections", { maxSockets: Infinity, maxTotalSockets: 2 }, requests],
  ["one connection", { maxSockets: Infinity, maxTotalSockets: 1 }, requests],
  ["one connection each", { maxSockets: 1, maxTotalSockets: Infinity }, requests],
  ["two connections, loans among requests", { maxSockets: Infinity, maxTotalSockets: 2 }, loans],
  ["a request on a connection that has served", { maxSockets: Infinity, maxTotalSockets: 2 }, kept, onKept],
  ["two connections, both idle", { maxSockets: Infinity, maxTotalSockets: 2 }, more, twoIdle]
]

export const explorations: ReadonlyArray<Explored> = [
  ...servers.map((setting) => ({
    name: `server: ${setting.name}`,
    make: () => new ServerWorld(setting),
    prelude: []
  })),
  ...clients.map(([name, limits, coming, prelude = []]) => ({
    name: `pool: ${name}`,
    make: () => new ClientWorld(limits, coming),
    prelude
  }))
]
