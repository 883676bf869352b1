/** Connected system sockets, for tests of code that uses their internals. */
import { once } from "node:events"
import { readFileSync } from "node:fs"
import * as net from "node:net"
import * as tls from "node:tls"

const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")
export const credentials = { cert: pem("server"), key: pem("server-key") }

/** Runs `test` with both ends of a connection; destroys them afterwards. The server's end is paused. */
export const connected = async (
  test: (client: net.Socket, server: net.Socket) => Promise<void>,
  options: net.ServerOpts = {}
): Promise<void> => {
  const listener = net
    .createServer({ allowHalfOpen: true, pauseOnConnect: true, ...options })
    .listen(0, "127.0.0.1")
  await once(listener, "listening")
  const accepted = once(listener, "connection") as Promise<[net.Socket]>
  const client = net.connect({
    port: (listener.address() as net.AddressInfo).port,
    host: "127.0.0.1",
    allowHalfOpen: true
  })
  const [server] = await accepted
  if (client.connecting) await once(client, "connect")
  for (const socket of [client, server]) socket.on("error", () => {})
  try {
    await test(client, server)
  } finally {
    client.destroy()
    server.destroy()
    listener.close()
  }
}

/** The same with TLS, before the handshake: the server end as made without a `tls.Server`. */
export const securing = (
  test: (client: tls.TLSSocket, server: tls.TLSSocket) => Promise<void>,
  options: tls.ConnectionOptions = {}
): Promise<void> =>
  connected(async (plainClient, plainServer) => {
    const secureContext = tls.createSecureContext(credentials)
    const server = new tls.TLSSocket(plainServer, { isServer: true, secureContext })
    const client = tls.connect({ socket: plainClient, rejectUnauthorized: false, ...options })
    for (const socket of [client, server]) socket.on("error", () => {})
    await test(client, server)
  })
