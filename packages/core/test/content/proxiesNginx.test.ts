// nginx in front of a server: as a TCP balancer that sends the PROXY protocol, and as an HTTP proxy that
// receives the PROXY protocol and sends `X-Forwarded-For` (`real_ip`). Skipped if nginx is not installed.
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Exchange, Network, ProxyProtocol, Server, Transport } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { RawPeer } from "@httpfx/testing"
import { freePort, hasNginx, hasStream, startNginx } from "../../../../test/nginx.js"

if (!hasStream)
  console.log(`nginx ${hasNginx ? "has no stream module" : "is not installed"}: not tested with it`)

/** Starts nginx with this configuration. Closing the scope stops nginx. */
const nginx = (blocks: string, http: string) =>
  Effect.acquireRelease(
    Effect.promise(() => startNginx({ blocks, http })),
    (stop) => Effect.promise(stop)
  )

const show = Effect.map(Exchange.client, ({ address, port, scheme }) =>
  HttpServerResponse.text(`${address} ${port ?? "-"} ${scheme}`)
)

const serving = (options: Server.ServerOptions, network: Network.Service) =>
  Effect.gen(function* () {
    const server = yield* Server.make({ port: 0, host: "127.0.0.1", ...options })
    yield* server.httpServer.serve(show)
    return Transport.formatAddress(server.address)
  }).pipe(Effect.provideService(Network.Network, network))

const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/** Sends a request through nginx, and returns the response. */
const ask = (port: number, bytes: string) =>
  Effect.gen(function* () {
    const peer = yield* RawPeer.connect(Transport.tcp("127.0.0.1", port))
    yield* peer.send(bytes)
    return { port: peer.transport.local, text: yield* peer.rest }
  }).pipe(Effect.scoped)

describe.skipIf(!hasStream)("Behind nginx", () => {
  it.live("the client is known, by both ways", () =>
    Effect.gen(function* () {
      const network = yield* Network.Network
      const balanced = yield* serving({}, yield* ProxyProtocol.accept(network, { from: ["loopback"] }))
      const proxied = yield* serving({ trustedProxies: ["loopback"] }, network)
      const [tcp, http] = yield* Effect.promise(() => Promise.all([freePort(), freePort()]))
      yield* nginx(
        `stream { server { listen 127.0.0.1:${tcp}; proxy_pass ${balanced}; proxy_protocol on; } }`,
        `server {
           listen 127.0.0.1:${http} proxy_protocol;
           set_real_ip_from 127.0.0.1;
           real_ip_header proxy_protocol;
           location / {
             proxy_pass http://${proxied};
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
             proxy_set_header X-Forwarded-Proto $scheme;
           }
         }`
      )
      const direct = yield* ask(tcp, request)
      const port = direct.port?._tag === "TcpAddress" && direct.port.port
      assert.include(direct.text, `127.0.0.1 ${port} http`)
      const header = "PROXY TCP4 203.0.113.7 127.0.0.1 4444 80\r\n"
      const forged = request.replace("Host", "X-Forwarded-For: 6.6.6.6\r\nHost")
      assert.include((yield* ask(http, header + forged)).text, "203.0.113.7 - http")
    }).pipe(Effect.scoped, Effect.provide(NodeNetwork.layer))
  )
})
