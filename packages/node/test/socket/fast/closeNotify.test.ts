// A TLS stream that ended by `close_notify` is distinguished from one that ended by FIN alone.
import { once } from "node:events"
import { expect, it } from "vitest"
import { endedBelow, onEof } from "../../../src/socket/fast/closeNotify.js"
import { connected, credentials } from "../../support/sockets.js"
import * as tls from "node:tls"

const ends = (how: "close_notify" | "FIN") =>
  new Promise<boolean>((resolve, reject) => {
    connected(async (plain, below) => {
      const server = new tls.TLSSocket(below, {
        isServer: true,
        secureContext: tls.createSecureContext(credentials)
      })
      const client = tls.connect({ socket: plain, rejectUnauthorized: false })
      for (const socket of [client, server]) socket.on("error", () => {})
      await Promise.all([once(client, "secureConnect"), once(server, "secure")])
      server.write("x")
      await once(client, "data")
      const ended = new Promise<boolean>((told) => onEof(client, () => told(endedBelow(client, plain))))
      client.resume()
      if (how === "FIN") below.end()
      else server.end()
      resolve(await ended)
    }).catch(reject)
  })

it.each<[how: "close_notify" | "FIN", below: boolean]>([
  ["close_notify", false],
  ["FIN", true]
])("by %s", async (how, below) => {
  expect(await ends(how)).toBe(below)
})
