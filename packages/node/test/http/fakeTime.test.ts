/**
 * Under fake timers, servers, agents and clients behave as on the built-in module. They use Node's real
 * timers, so the fakes intercept no call, and advancing the fake clock changes no limit.
 */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import builtin, {
  type Agent,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  type Server
} from "node:http"
import builtinHttps from "node:https"
import { once } from "node:events"
import net, { type AddressInfo } from "node:net"
import tls from "node:tls"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import shim from "@httpfx/node/http"
import shimHttps from "@httpfx/node/https"

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const certificate = { key: fixture("server-key.pem"), cert: fixture("server.pem") }

interface Module {
  readonly createServer: (options: object, listener: RequestListener) => Server
  readonly request: typeof builtin.request
  readonly Agent: new (options: object) => Agent
  readonly connect: (port: number) => net.Socket
}
const plain = (http: typeof builtin): Module =>
  ({ ...http, connect: (port: number) => net.connect(port, "127.0.0.1") }) as never
const secure = (https: typeof builtinHttps): Module =>
  ({
    ...https,
    createServer: (options: object, listener: RequestListener) =>
      https.createServer({ ...options, ...certificate }, listener),
    connect: (port: number) => tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false })
  }) as never
const modules: ReadonlyArray<readonly [string, Module]> = [
  ["node:http", plain(builtin)],
  ["node:https", secure(builtinHttps)],
  ["http", plain(shim)],
  ["https", secure(shimHttps)]
]

beforeEach(() => {
  vi.useFakeTimers({
    now: 0,
    toFake: [
      ...([
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
        "setImmediate",
        "clearImmediate"
      ] as const),
      ...(["queueMicrotask", "Date", "performance", "hrtime"] as const)
    ]
  })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Checks that the fakes have intercepted no timer, and advances the fake clock. */
const move = async () => {
  expect(vi.getTimerCount()).toBe(0)
  vi.runAllTimers()
  await vi.advanceTimersByTimeAsync(3_600_000)
}

describe.each(modules)("under fake timers, %s", (_name, { Agent, connect, createServer, request }) => {
  const serving = async (
    options: object,
    listener: RequestListener,
    use: (port: number, server: Server) => Promise<void>
  ) => {
    const server = createServer(options, listener)
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    try {
      await use((server.address() as AddressInfo).port, server)
    } finally {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    }
  }
  const ask = async (options: RequestOptions, body?: string) => {
    const req = request({ host: "127.0.0.1", rejectUnauthorized: false, ...options } as RequestOptions)
    // When `close` is emitted, the agent has the connection back.
    const closed = once(req, "close")
    req.end(body)
    const [res] = (await once(req, "response")) as [IncomingMessage]
    let text = ""
    for await (const chunk of res) text += String(chunk)
    await closed
    return { req, res, text }
  }

  it("answers, keeps connections alive, and dates its responses", async () => {
    const listener: RequestListener = (req, res) => {
      req.setEncoding("utf8")
      req.on("data", (text) => res.write(text)).on("end", () => res.end("."))
    }
    await serving({}, listener, async (port) => {
      const agent = new Agent({ keepAlive: true, timeout: 60_000 })
      for (const reused of [false, true, true]) {
        const { req, res, text } = await ask({ port, agent, method: "POST", timeout: 30_000 }, "sent")
        expect([text, req.reusedSocket]).toEqual(["sent.", reused])
        expect(new Date(res.headers.date!).getFullYear()).toBeGreaterThan(2020)
        await move()
      }
      agent.destroy()
    })
  })

  it("ends an idle connection after its keepAliveTimeout", async () => {
    const options = { keepAliveTimeout: 20, keepAliveTimeoutBuffer: 0 }
    await serving(
      options,
      (_req, res) => void res.end("x"),
      async (port) => {
        const client = connect(port)
        client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await once(client, "data")
        await move()
        await once(client.resume(), "end")
      }
    )
  })

  it("ends a connection whose head is late", async () => {
    const options = { headersTimeout: 20, requestTimeout: 40, connectionsCheckingInterval: 5 }
    await serving(
      options,
      () => {},
      async (port) => {
        const client = connect(port)
        client.write("GET / HTTP/1.1\r\n")
        await move()
        const [bytes] = (await once(client, "data")) as [Buffer]
        expect(bytes.toString()).toMatch(/^HTTP\/1.1 408 /)
      }
    )
  })

  it("emits timeouts of requests, agents and servers, and only those", async () => {
    const told: Array<string> = []
    await serving(
      {},
      () => {},
      async (port, server) => {
        const timed = async (options: object, name: string) => {
          const req = request({
            host: "127.0.0.1",
            port,
            rejectUnauthorized: false,
            ...options
          } as RequestOptions)
          req.on("error", () => {}).end()
          await once(req, "socket")
          await move()
          await once(req, "timeout")
          told.push(name)
          req.destroy()
        }
        await timed({ agent: false, timeout: 20 }, "request")
        await timed({ agent: new Agent({ timeout: 20 }) }, "agent")
        const late = request({
          host: "127.0.0.1",
          port,
          agent: false,
          rejectUnauthorized: false
        } as RequestOptions)
        late.on("error", () => {}).end()
        late.setTimeout(20, () => told.push("setTimeout"))
        await once(late, "timeout")
        late.destroy()
        server.setTimeout(20)
        const waiting = request({
          host: "127.0.0.1",
          port,
          agent: false,
          rejectUnauthorized: false
        } as RequestOptions)
        waiting.on("error", () => {}).end()
        await once(server, "timeout")
        told.push("server")
        waiting.destroy()
      }
    )
    expect(told).toEqual(["request", "agent", "setTimeout", "server"])
  })

  it("a request that is destroyed in a microtask after its last data emits no end", async () => {
    const told: Array<string> = []
    const listener: RequestListener = (req) => {
      req.on("error", (error) => told.push(error.message)).on("end", () => told.push("end"))
      req.on("data", async () => {
        await null
        req.destroy(new Error("too large"))
      })
    }
    await serving({}, listener, async (port) => {
      const client = connect(port).on("error", () => {})
      client.resume().write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
      await once(client, "close")
    })
    expect(told).toEqual(["too large"])
  })
})

// The fakes record their callers. Install them first, and then load all modules through the hook.
it.each(["import", "require"])(
  "modules that %s loads later through the hook do not use the fakes",
  async (how) => {
    const register = fileURLToPath(new URL("../../dist/register.cjs", import.meta.url))
    const program = fileURLToPath(new URL("../fixtures/fakeTime.mjs", import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ["--require", register, program, how])
    expect(JSON.parse(stdout)).toEqual({ ours: true, answers: ["sent", "sent"], caught: [] })
  }
)
