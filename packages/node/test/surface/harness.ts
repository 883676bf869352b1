/**
 * Runs one test body for each documented name, on the built-in modules and on ours, over TCP and over sockets
 * in memory. A body asserts the documented behaviour with the tools of its `World`, and must pass everywhere.
 */
import builtinHttp from "node:http"
import builtinHttps from "node:https"
import net from "node:net"
import { once } from "node:events"
import { strict as assert } from "node:assert"
import type { Duplex } from "node:stream"
import http from "@httpfx/node/http"
import https from "@httpfx/node/https"
import { describe, it } from "vitest"
import names from "./names.json" with { type: "json" }
import { MemorySocket } from "./memory.js"

export type Http = typeof builtinHttp
export type Https = typeof builtinHttps

export const implementations: Readonly<Record<string, { readonly http: Http; readonly https: Https }>> = {
  "built-in": { http: builtinHttp, https: builtinHttps },
  httpfx: { http, https }
}

export interface Answer {
  readonly req: builtinHttp.ClientRequest
  readonly res: builtinHttp.IncomingMessage
  readonly body: string
}

type Target = builtinHttp.Server | Peer

/** A raw server, which passes each connection to a function. */
export interface Peer {
  readonly accept: (socket: Duplex) => void
  readonly port: number
}

export interface World {
  readonly http: Http
  readonly https: Https
  readonly memory: boolean
  /**
   * Creates a server that listens, or that accepts connections in memory. The server is closed after the
   * body.
   */
  readonly server: {
    (handler?: builtinHttp.RequestListener): Promise<builtinHttp.Server>
    (options: object, handler?: builtinHttp.RequestListener): Promise<builtinHttp.Server>
  }
  readonly peer: (accept: (socket: Duplex) => void) => Promise<Peer>
  /** Returns the options with which a request connects to a server. */
  readonly to: (target: Target, options?: builtinHttp.RequestOptions) => builtinHttp.RequestOptions
  /** Creates an agent whose requests connect to a server. */
  readonly agent: (target: Target, options?: object) => builtinHttp.Agent
  readonly fetch: (target: Target, options?: builtinHttp.RequestOptions, body?: string) => Promise<Answer>
  /** Opens a raw connection to a server. */
  readonly connect: (target: Target) => Promise<Duplex>
  /** Sends bytes on a raw connection. Returns all received bytes when the other side ends the connection. */
  readonly raw: (target: Target, text: string) => Promise<string>
}

export type Body = (world: World) => Promise<void> | void

export const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
  let text = ""
  for await (const chunk of stream) text += String(chunk)
  return text
}

/** Waits until the condition holds, for at most 2000 turns. */
export const until = async (holds: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 2000 && !holds(); turn++) await new Promise((resolve) => setTimeout(resolve, 1))
  assert.ok(holds(), "it never came")
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const isPeer = (target: Target): target is Peer => "accept" in target

const worldOf = (which: { http: Http; https: Https }, memory: boolean) => {
  const cleaning: Array<() => void> = []
  const { http, https } = which

  const open = (target: Target): Duplex => {
    if (memory) {
      const [near, far] = MemorySocket.pair()
      cleaning.push(() => (near.destroy(), far.destroy()))
      // The other side may disconnect at any time, as over TCP.
      near.on("error", () => {})
      far.on("error", () => {})
      setImmediate(() => (isPeer(target) ? target.accept(far) : target.emit("connection", far)))
      return near
    }
    const port = isPeer(target) ? target.port : (target.address() as net.AddressInfo).port
    const socket = net.connect(port, "127.0.0.1")
    cleaning.push(() => socket.destroy())
    return socket
  }

  const world: World = {
    http,
    https,
    memory,
    server: async (first?: unknown, second?: unknown) => {
      const server = http.createServer(first as object, second as builtinHttp.RequestListener)
      cleaning.push(() => {
        server.close()
        server.closeAllConnections()
      })
      // Listen also for tests in memory, because only a listening server checks its connections for timeouts.
      await once(server.listen(0, "127.0.0.1"), "listening")
      return server
    },
    peer: async (accept) => {
      if (memory) return { accept, port: 0 }
      const server = net.createServer((socket) => {
        cleaning.push(() => socket.destroy())
        socket.on("error", () => {})
        accept(socket)
      })
      cleaning.push(() => server.close())
      await once(server.listen(0, "127.0.0.1"), "listening")
      return { accept, port: (server.address() as net.AddressInfo).port }
    },
    to: (target, options = {}) => {
      // Use no agent unless a body passes one.
      if (memory) {
        const { agent, ...rest } = options
        const pool = agent === undefined || agent === false ? {} : { agent }
        return {
          host: "127.0.0.1",
          port: 80,
          createConnection: () => open(target) as net.Socket,
          ...rest,
          ...pool
        }
      }
      const port = isPeer(target) ? target.port : (target.address() as net.AddressInfo).port
      return { host: "127.0.0.1", port, agent: false, ...options }
    },
    agent: (target, options) => {
      const agent = new http.Agent(options)
      cleaning.push(() => agent.destroy())
      if (memory) Object.assign(agent, { createConnection: () => open(target) })
      return agent
    },
    fetch: (target, options, body) =>
      new Promise((resolve, reject) => {
        const req = http.request(world.to(target, options), (res) => {
          read(res).then((text) => resolve({ req, res, body: text }), reject)
        })
        req.on("error", reject)
        req.end(body)
      }),
    connect: async (target) => {
      const socket = open(target)
      if (socket instanceof net.Socket) await once(socket, "connect")
      return socket
    },
    raw: async (target, text) => {
      const socket = await world.connect(target)
      socket.write(text)
      return read(socket)
    }
  }
  return {
    world,
    clean: () => {
      for (const one of cleaning.reverse()) one()
    }
  }
}

/**
 * Returns whether the module is the built-in module of this Node.js version or a later one, because Node has
 * changed some behaviour.
 */
export const isBuiltInSince = ({ http }: World, major: number): boolean =>
  http === builtinHttp && Number(process.versions.node.split(".")[0]) >= major

/** Marks a body that runs only over TCP, because it asserts behaviour of a system socket. */
export const tcp = (body: Body): Body => Object.assign((world: World) => body(world), { tcp: true })

/** Runs bodies on every module and transport that they support. */
export const both = (title: string, bodies: Readonly<Record<string, Body>>): void => {
  for (const [implementation, modules] of Object.entries(implementations)) {
    for (const memory of [false, true]) {
      describe(`${title}, ${implementation}, ${memory ? "memory" : "tcp"}`, () => {
        for (const [name, body] of Object.entries(bodies)) {
          if (memory && "tcp" in body) continue
          it(name, async () => {
            const { clean, world } = worldOf(modules, memory)
            try {
              await body(world)
            } finally {
              clean()
            }
          })
        }
      })
    }
  }
}

/** Does the same for all documented names of one kind of member. Requires a body for each name. */
export const surface = (
  section: keyof typeof names,
  kind: string | undefined,
  bodies: Readonly<Record<string, Body>>
): void => {
  const title = kind === undefined ? section : `${section}.${kind}`
  const part: unknown = names[section]
  const wanted = (
    kind === undefined ? part : (part as Record<string, unknown>)[kind]
  ) as ReadonlyArray<string>
  it(`${title}: each documented name has a body`, () => {
    assert.deepEqual(Object.keys(bodies).sort(), [...wanted].sort())
  })
  both(title, bodies)
}
