/**
 * What is explored: kinds of messages that belong together, with the clock and the shutdown where they matter.
 */
import type { Setting } from "./serverWorld.js"

export const serverSettings: ReadonlyArray<Setting> = [
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
