/**
 * Tunnels of an agent with `proxyEnv`: the request to the proxy, and the errors and timeouts of a tunnel that
 * fails. Each row runs on our module, and also on the built-in module if that behaves the same.
 */
import { once } from "node:events"
import builtInHttps from "node:https"
import net from "node:net"
import { assert, describe, it } from "vitest"
import https from "@httpfx/node/https"
import { isSince } from "./implementations.js"

type Https = typeof builtInHttps

const implementations: ReadonlyArray<readonly [name: string, https: Https]> = [
  ["httpfx", https],
  ...(isSince("24.22") ? [["node:https", builtInHttps] as const] : [])
]

/** Runs a proxy that calls `answer` with the first bytes of each connection. */
const proxying = async <A>(
  answer: (socket: net.Socket, head: string) => void,
  use: (port: number) => Promise<A>
): Promise<A> => {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    socket.once("data", (head) => answer(socket, head.toString("latin1")))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  try {
    return await use((server.address() as net.AddressInfo).port)
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

interface TunnelError extends NodeJS.ErrnoException {
  readonly statusCode?: number
  readonly proxyTunnelTimeout?: number
}

/** Sends a request through a proxy. Returns the events and the error of the request. */
const failing = async (https: Https, port: number, options: { agent?: object; request?: object } = {}) => {
  const agent = new https.Agent({
    proxyEnv: { https_proxy: `http://user:secret@127.0.0.1:${port}` },
    ...options.agent
  } as never)
  const req = https.get({ agent, host: "origin.test", ...options.request })
  const events: Array<string> = []
  let error: TunnelError | undefined
  req.on("timeout", () => events.push("timeout"))
  req.on("error", (raised) => {
    events.push("error")
    error = raised
  })
  await new Promise((resolve) => req.on("close", resolve))
  agent.destroy()
  return { events, error: error! }
}

/** Returns the fields of a CONNECT request, sorted, with names in lower case. */
const asked = (head: string) =>
  head
    .split("\r\n")
    .slice(1, -2)
    .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
    .sort()

describe.each(implementations)("%s", (_name, https) => {
  const host = "host: origin.test:443"
  const credentials = "proxy-authorization: Basic dXNlcjpzZWNyZXQ="
  const kept = "proxy-connection: keep-alive"
  for (const [what, agent, fields] of [
    ["of one request", {}, [host, credentials]],
    ["that is kept", { keepAlive: true }, [host, credentials, kept]],
    ["that waiting requests share", { maxSockets: 1 }, [host, credentials, kept]]
  ] as const) {
    it(`sends CONNECT ${what}, only with the fields for the proxy`, async () => {
      let head = ""
      await proxying(
        (socket, bytes) => {
          head = bytes
          socket.end()
        },
        (port) => failing(https, port, { agent })
      )
      assert.match(head, /^CONNECT origin\.test:443 HTTP\/1\.1\r\n/)
      assert.deepStrictEqual(asked(head), [...fields])
    })
  }

  const via = (port: number) =>
    `Failed to establish tunnel to origin.test:443 via http://127.0.0.1:${port}/: `
  const ended = () => "Connection to establish proxy tunnel ended unexpectedly"
  for (const [what, answer, message, statusCode] of [
    ["nothing", "", ended, undefined],
    ["half a head", "HTTP/1.1 200 OK\r\n", ended, undefined],
    ["404", "HTTP/1.1 404 Not Found\r\n\r\n", (port: number) => `${via(port)}HTTP/1.1 404 Not Found`, 404],
    [
      "407",
      'HTTP/1.0 407 Who are you\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n',
      (port: number) => `${via(port)}HTTP/1.0 407 Who are you`,
      407
    ],
    ["bytes that are not HTTP", "SSH-2.0-x\r\n\r\n", (port: number) => `${via(port)}SSH-2.0-x`, "none"]
  ] as const) {
    it(`shows in its error that the proxy sent ${what}`, () =>
      proxying(
        (socket) => socket.end(answer),
        async (port) => {
          const { error, events } = await failing(https, port)
          assert.deepStrictEqual(events, ["error"])
          assert.deepInclude(
            { ...error, message: error.message },
            {
              code: "ERR_PROXY_TUNNEL",
              message: message(port)
            }
          )
          // For bytes without a status, Node sets `statusCode` to `NaN`.
          if (statusCode !== "none") assert.strictEqual(error.statusCode, statusCode)
        }
      ))
  }

  it("passes on the error of the connection to the proxy", () =>
    proxying(
      (socket) => socket.resetAndDestroy(),
      async (port) => {
        const { error } = await failing(https, port)
        assert.deepInclude({ ...error }, { code: "ECONNRESET", syscall: "read" })
      }
    ))

  for (const [what, options, limit] of [
    ["of the request", { request: { timeout: 40 } }, 40],
    ["of the agent", { agent: { timeout: 40 } }, 40],
    ["of the request before the agent's", { agent: { timeout: 60_000 }, request: { timeout: 40 } }, 40]
  ] as const) {
    for (const answer of ["", "HTTP/1.1 200 OK\r\n"]) {
      it(`fails at the timeout ${what}, after ${answer === "" ? "nothing" : "half a head"}`, () =>
        proxying(
          (socket) => socket.write(answer),
          async (port) => {
            const { error, events } = await failing(https, port, options)
            assert.deepStrictEqual(events, ["timeout", "error"])
            assert.deepInclude(
              { ...error, message: error.message },
              {
                code: "ERR_PROXY_TUNNEL",
                message: `Connection to establish proxy tunnel timed out after ${limit}ms`,
                proxyTunnelTimeout: limit
              }
            )
          }
        ))
    }
  }

  for (const url of [
    "http://proxy\n.test:8080",
    "http://proxy.test:8080\r\n",
    "http://user\r\nX: y:secret@proxy.test:8080",
    "http://user:sec\nret@proxy.test:8080"
  ]) {
    it(`refuses ${JSON.stringify(url)} as a proxy URL`, () => {
      for (const name of ["http_proxy", "https_proxy"]) {
        const { Agent } = https
        const error = raised(
          () => new Agent({ protocol: `${name.split("_")[0]}:`, proxyEnv: { [name]: url } } as never)
        )
        assert.strictEqual(error.code, "ERR_PROXY_INVALID_CONFIG")
        assert.notMatch(error.message, /secret/)
      }
    })
  }
})

const raised = (make: () => unknown): NodeJS.ErrnoException => {
  try {
    make()
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
  return assert.fail("nothing was raised")
}
