// A server-side TLS socket reports the result of its handshake without a `tls.Server`.
import { once } from "node:events"
import { expect, it } from "vitest"
import * as ServerTls from "../../../src/socket/fast/serverTls.js"
import { connected, credentials, securing } from "../../support/sockets.js"
import * as tls from "node:tls"

it("reports a successful handshake", () =>
  securing(async (_, server) => {
    await once(server, ServerTls.secured)
    expect(server.getProtocol()).toMatch(/^TLSv1/)
  }))

it("reports bytes that are not a handshake", () =>
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

it("reports an untrusted client certificate", () =>
  securing(async (client) => {
    await once(client, "secureConnect")
    expect(client.authorizationError).toBeDefined()
    expect(ServerTls.verifyErrorOf(client)).toMatchObject({ code: client.authorizationError })
  }))
