/** Limits on the number of a server's connections, and on the number of requests per connection. */
import { strict as assert } from "node:assert"
import { conversation } from "../../support/connection/conversation.js"
import type { Row, Table } from "../table.js"
import { ScriptedTransport } from "../../support/connection/scriptedTransport.js"
import { get, post } from "./requests.js"

const one = { maxConnections: 1 }
const rows: ReadonlyArray<Row> = [
  conversation(
    "one connection too many: its first request gets 503",
    { settings: { ...one, retryAfter: "7" } },
    (c) => {
      c.connects()
      c.expects()
      c.sends(get())
      c.expects("< 503 close after 7 s", "FIN")
    }
  ),
  conversation("with a body, the rest of which is discarded", { settings: one }, (c) => {
    c.connects()
    c.sends(post("/", "abc").slice(0, -3), "abc")
    c.expects("< 503 close after 1 s", "FIN")
  }),
  conversation("with malformed bytes", { settings: one }, (c) => {
    c.connects()
    c.sends("\0")
    c.expects("< 400 close", "FIN")
  }),
  conversation("which is reset at once", { settings: { ...one, whenFull: "reset" } }, (c) => {
    c.connects()
    c.expects("RST")
  }),
  conversation("a closed connection frees its slot", { settings: one }, (c) => {
    c.ends()
    c.expects("FIN", "closed")
    c.connects()
    c.sends(get())
    c.expects("#1 GET /", '< 200 "ok"')
  }),
  conversation("a refused connection does not free a slot of the served ones", { settings: one }, (c) => {
    c.connects()
    c.sends(get())
    c.ends()
    c.connects()
    c.sends(get())
    c.expects("< 503 close after 1 s", "FIN", "closed", "< 503 close after 1 s", "FIN")
  }),
  conversation("128 excess connections get 503, further ones are reset", { settings: one }, (c) => {
    for (let k = 0; k < 128; k++) c.connects()
    c.expects()
    c.connects()
    c.expects("RST")
    assert.equal(c.world.life.connectionCount, 129)
  }),
  conversation("by address", { settings: { maxConnectionsPerAddress: 1 } }, (c) => {
    c.connects({ hostname: "10.0.0.2" })
    c.sends(get())
    c.expects("#1 GET /", '< 200 "ok"')
    c.connects({ hostname: "10.0.0.2" })
    c.sends(get())
    c.expects("< 503 close after 1 s", "FIN")
  }),
  conversation(
    "a closed connection frees the slot of its address",
    { settings: { maxConnectionsPerAddress: 1 } },
    (c) => {
      c.ends()
      c.connects()
      c.sends(get())
      c.expects("FIN", "closed", "#1 GET /", '< 200 "ok"')
    }
  ),
  conversation(
    "after a TLS handshake, too",
    { settings: { maxConnectionsPerAddress: 1 }, served: true },
    (c) => {
      const { life } = c.world
      const secured = (hostname: string) => {
        const plain = new ScriptedTransport({ hostname })
        const admission = life.admit(plain)
        assert.equal(admission, "serve")
        return { plain, layer: new ScriptedTransport({ hostname, say: c.world.say }) }
      }
      const first = secured("10.0.0.2")
      c.does(() => life.handshakeDone(first.plain, first.layer, "serve"))
      assert.equal(life.admit(new ScriptedTransport({ hostname: "10.0.0.2" })), "maxConnectionsPerAddress")
      first.layer.ends()
      first.layer.settle()
      c.expects("FIN", "closed")
      const second = secured("10.0.0.2")
      life.handshakeOver(second.plain)
      secured("10.0.0.2")
    }
  ),
  conversation("slots for a 503 become free again", { settings: one }, (c) => {
    for (let k = 0; k < 127; k++) c.connects()
    c.connects()
    c.ends()
    c.expects("FIN", "closed")
    c.connects()
    c.expects()
    c.connects()
    c.expects("RST")
  }),
  conversation(
    "requests after the last permitted one get 503",
    { settings: { maxRequestsPerSocket: 2 } },
    (c) => {
      c.sends(get("/1") + get("/2") + get("/3") + get("/4"))
      c.expects("#1 GET /1", '< 200 "ok"', "#2 GET /2", '< 200 close "ok"', "< 503 close after 1 s", "FIN")
    }
  ),
  conversation("no request after the last permitted one", { settings: { maxRequestsPerSocket: 1 } }, (c) => {
    c.sends(get("/1"))
    c.expects("#1 GET /1", '< 200 close "ok"', "FIN")
  }),
  conversation(
    "an incomplete request after the last permitted one",
    { settings: { maxRequestsPerSocket: 1 } },
    (c) => {
      c.sends(`${get("/1")}GET /2`)
      c.expects("#1 GET /1", '< 200 close "ok"', "FIN")
    }
  )
]

export const admission: Table = { name: "how much a server takes", rows }
