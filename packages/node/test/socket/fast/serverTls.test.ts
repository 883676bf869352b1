// A TLS socket in the role of a server tells how its handshake went without a `tls.Server`.
import { once } from "node:events"
import { expect, it } from "vitest"
import * as ServerTls from "../../../src/socket/fast/serverTls.js"
import { connected, credentials, securing } from "../../support/sockets.js"
import * as tls from "node:tls"

it("a handshake that goes well", () =>
  securing(async (_, server) => {
    await once(server, ServerTls.secured)
    expect(server.getProtocol()).toMatch(/^TLSv1/)
  }))

it("what is no handshake", () =>
  connected(async (client, plain) => {
    const server = new tls.TLSSocket(plain, {
      isServer: true,
      secureContext: tls.createSecureContext(credentials)
    })
    server.on("error", () => {})
    const failed = once(server, ServerTls.failed)
    client.write("GET / HTTP/1.1\r\n\r\n")
    expect((await failed)[0]).toMatchObject({ code: expect.stringMatching(/^ERR_SSL_/) as string })
  }))

it("a certificate that nobody trusts", () =>
  securing(async (client) => {
    await once(client, "secureConnect")
    expect(client.authorizationError).toBeDefined()
    expect(ServerTls.verifyErrorOf(client)).toMatchObject({ code: client.authorizationError })
  }))
