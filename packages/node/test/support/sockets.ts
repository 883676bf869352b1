/** Sockets of the system for tests in callback style: connected pairs, raw servers and a raw client. */
import { once } from "node:events"
import { readFileSync } from "node:fs"
import * as net from "node:net"
import * as tls from "node:tls"

const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")
export const credentials = { cert: pem("server"), key: pem("server-key") }

/** Runs `test` with both ends of a connection, and then destroys them. The server's end is paused. */
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

/**
 * Does the same with TLS, before the handshake. The server's end is a `TLSSocket` that was made without a
 * `tls.Server`.
 */
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

/** Creates a raw server, with TLS if `secure` is `true`. It does not listen yet. */
export const speaking = (secure: boolean, speak: (socket: net.Socket) => void): net.Server =>
  secure ? tls.createServer(credentials, speak) : net.createServer(speak)

/** Runs a server that passes each connection to a function. Then destroys all connections. */
export const accepting = async <A>(
  accept: (socket: net.Socket) => void,
  use: (port: number, sockets: ReadonlyArray<net.Socket>) => Promise<A>
): Promise<A> => {
  const sockets: Array<net.Socket> = []
  const server = net.createServer((socket) => {
    sockets.push(socket)
    socket.on("error", () => {})
    accept(socket)
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  try {
    return await use((server.address() as net.AddressInfo).port, sockets)
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

/** Runs a server that calls `answer` for each request head on each connection. */
export const answering = <A>(
  answer: (socket: net.Socket, nth: number, connection: number) => void,
  use: (port: number, sockets: ReadonlyArray<net.Socket>) => Promise<A>
): Promise<A> => {
  let connections = 0
  return accepting((socket) => {
    const connection = ++connections
    let seen = ""
    let nth = 0
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1")
      for (let end = seen.indexOf("\r\n\r\n"); end >= 0; end = seen.indexOf("\r\n\r\n")) {
        seen = seen.slice(end + 4)
        answer(socket, ++nth, connection)
      }
    })
  }, use)
}

/**
 * Sends text to a server. Returns all received bytes up to the end of the connection, with one character per
 * byte.
 */
export const talk = async (port: number, text: string): Promise<string> => {
  const socket = net.connect(port, "127.0.0.1")
  socket.on("error", () => {})
  socket.write(text, "latin1")
  let received = ""
  for await (const chunk of socket.setEncoding("latin1")) received += chunk as string
  return received
}
