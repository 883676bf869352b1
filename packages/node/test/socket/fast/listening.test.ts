// A `net.Server` uses the handle and the connection count that we set.
import { once } from "node:events"
import * as net from "node:net"
import { expect, it } from "vitest"
import {
  connectionClosed,
  connectionOpened,
  connectionsOf,
  setHandle
} from "../../../src/socket/fast/listening.js"

it("the server's methods use the handle, and the server closes with its last connection", async () => {
  const server = net.createServer()
  const called: Array<string> = []
  const note = (what: string) => () => void called.push(what)
  const address = { address: "10.0.0.1", family: "IPv4", port: 80 }
  setHandle(server, { close: note("close"), ref: note("ref"), unref: note("unref"), address })
  expect([server.listening, server.address()]).toEqual([true, address])
  server.unref().ref()
  connectionOpened(server)
  expect(connectionsOf(server)).toBe(1)
  let closed = false
  const over = once(server, "close").then(() => (closed = true))
  server.close()
  await new Promise(setImmediate)
  expect([server.listening, closed]).toEqual([false, false])
  connectionClosed(server)
  await over
  expect(called).toEqual(["unref", "ref", "close"])
})

it("the server's address can be a path", () => {
  const server = net.createServer()
  setHandle(server, { close: () => {}, ref: () => {}, unref: () => {} }, "/run/test.sock")
  expect(server.address()).toBe("/run/test.sock")
  setHandle(server, null)
  expect(server.listening).toBe(false)
})
