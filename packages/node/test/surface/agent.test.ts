/** Agents: their options, the methods that subclasses override, and the lists of sockets and requests. */
import { strict as assert } from "node:assert"
import { once } from "node:events"
import type { Agent, ClientRequestArgs, IncomingMessage, ServerResponse } from "node:http"
import type net from "node:net"
import type { Duplex } from "node:stream"
import { isBuiltInSince, pause, read, surface, until, type World } from "./harness.js"

const ok = (_req: IncomingMessage, res: ServerResponse) => void res.end("ok")

const count = (lists: object): number => Object.values(lists as Record<string, Array<unknown>>).flat().length

/**
 * Starts a server that holds all responses until they are released. Also returns the number of held
 * responses.
 */
const holding = async ({ server }: World) => {
  const held: Array<ServerResponse> = []
  const app = await server((_req, res) => void held.push(res))
  return {
    app,
    held,
    release: () => {
      for (const res of held.splice(0)) res.end("ok")
    }
  }
}

const start = ({ http, to }: World, app: Parameters<World["to"]>[0], agent: Agent, options: object = {}) => {
  const req = http.get(to(app, { agent, ...options }))
  req.on("error", () => {})
  const done = new Promise<void>((resolve) => req.on("close", () => resolve()))
  req.on("response", (res) => res.resume())
  return { req, done }
}

surface("Agent", "options", {
  keepAlive: async ({ agent, fetch, server }) => {
    const app = await server((req, res) => void res.end(req.headers.connection))
    const keeping = agent(app, { keepAlive: true })
    assert.equal((await fetch(app, { agent: keeping })).body, "keep-alive")
    await until(() => count(keeping.freeSockets) === 1)
    const closing = agent(app, { keepAlive: false })
    assert.equal((await fetch(app, { agent: closing })).body, "close")
    await until(() => count(closing.sockets) === 0)
    assert.equal(count(closing.freeSockets), 0)
  },
  keepAliveMsecs: async ({ agent, fetch, server }) => {
    const app = await server(ok)
    const mine = agent(app, { keepAlive: true, keepAliveMsecs: 4321 })
    const calls: Array<unknown> = []
    const create = mine.createConnection.bind(mine) as (...args: unknown[]) => net.Socket
    Object.assign(mine, {
      createConnection: (...args: unknown[]) => {
        const socket = create(...args)
        const original = socket.setKeepAlive
        socket.setKeepAlive = (...given) => {
          calls.push(given)
          return original.apply(socket, given)
        }
        return socket
      }
    })
    await fetch(app, { agent: mine })
    await until(() => count(mine.freeSockets) === 1)
    assert.deepEqual(calls, [[true, 4321]])
  },
  maxSockets: async (world) => {
    const { app, held, release } = await holding(world)
    const agent = world.agent(app, { maxSockets: 2 })
    const all = [1, 2, 3].map(() => start(world, app, agent))
    await until(() => held.length === 2)
    await pause(2)
    assert.deepEqual([held.length, count(agent.sockets), count(agent.requests)], [2, 2, 1])
    release()
    await until(() => held.length === 1)
    release()
    await Promise.all(all.map(({ done }) => done))
    assert.throws(() => new world.http.Agent({ maxTotalSockets: -1 }), { code: "ERR_OUT_OF_RANGE" })
  },
  maxTotalSockets: async (world) => {
    const { app, held, release } = await holding(world)
    const agent = world.agent(app, { maxTotalSockets: 1, keepAlive: true })
    const one = start(world, app, agent, { localAddress: "127.0.0.1" })
    const two = start(world, app, agent)
    await until(() => held.length === 1)
    await pause(2)
    assert.deepEqual([held.length, count(agent.requests)], [1, 1])
    release()
    await one.done
    await until(() => held.length === 1)
    release()
    await two.done
  },
  maxFreeSockets: async (world) => {
    const { app, held, release } = await holding(world)
    const agent = world.agent(app, { keepAlive: true, maxFreeSockets: 1 })
    const all = [1, 2, 3].map(() => start(world, app, agent))
    await until(() => held.length === 3)
    release()
    await Promise.all(all.map(({ done }) => done))
    await until(() => count(agent.sockets) === 0)
    assert.equal(count(agent.freeSockets), 1)
  },
  scheduling: async (world) => {
    const order = async (scheduling: string) => {
      const { app, held, release } = await holding(world)
      const agent = world.agent(app, { keepAlive: true, scheduling })
      const seen: Array<unknown> = []
      const first = start(world, app, agent)
      await until(() => held.length === 1)
      const second = start(world, app, agent)
      await until(() => held.length === 2)
      const sockets = [first.req.socket, second.req.socket]
      held.shift()!.end()
      await first.done
      await pause(1)
      release()
      await second.done
      await until(() => count(agent.freeSockets) === 2)
      const third = start(world, app, agent)
      await until(() => held.length === 1)
      seen.push(sockets.indexOf(third.req.socket))
      release()
      await third.done
      return seen[0]
    }
    assert.equal(await order("fifo"), 0)
    assert.equal(await order("lifo"), 1)
    assert.throws(() => new world.http.Agent({ scheduling: "filo" as never }), {
      code: "ERR_INVALID_ARG_VALUE"
    })
  },
  timeout: async (world) => {
    const { app, held } = await holding(world)
    const agent = world.agent(app, { timeout: 5 })
    if (world.memory) {
      // Node sets the timeout when it opens a socket. In memory the test opens the socket, so it sets the
      // timeout itself.
      const create = agent.createConnection.bind(agent) as (options: object) => net.Socket
      agent.createConnection = ((options: { timeout: number }) =>
        create(options).setTimeout(options.timeout)) as never
    }
    const { req } = start(world, app, agent)
    await once(req, "timeout")
    assert.ok(held.length <= 1)
    req.destroy()
  }
})

surface("Agent", "methods", {
  createConnection: async ({ connect, http, server, to }) => {
    const app = await server(ok)
    const asked: Array<{ host?: string | null | undefined }> = []
    class Mine extends http.Agent {
      override createConnection(
        options: ClientRequestArgs,
        done?: (error: Error | null, socket: Duplex) => void
      ): undefined {
        asked.push(options)
        void connect(app).then((socket) => done!(null, socket))
      }
    }
    const agent = new Mine()
    const { createConnection: _, ...options } = to(app, { agent, path: "/p" })
    const req = http.get(options)
    const [res] = (await once(req, "response")) as [IncomingMessage]
    assert.equal(await read(res), "ok")
    assert.equal(asked.length, 1)
    assert.equal(asked[0]!.host, "127.0.0.1")
    agent.destroy()
  },
  keepSocketAlive: async ({ agent, fetch, server }) => {
    const app = await server(ok)
    const mine = agent(app, { keepAlive: true })
    const asked: Array<unknown> = []
    Object.assign(mine, {
      keepSocketAlive: (socket: unknown) => {
        asked.push(socket)
        return false
      }
    })
    const { req } = await fetch(app, { agent: mine })
    await until(() => asked.length === 1)
    assert.equal(asked[0], req.socket)
    await until(() => count(mine.sockets) === 0)
    assert.equal(count(mine.freeSockets), 0)
    assert.equal(req.socket?.destroyed, true)
  },
  reuseSocket: async ({ agent, fetch, server }) => {
    const app = await server(ok)
    const mine = agent(app, { keepAlive: true })
    const reused: Array<unknown> = []
    const original = mine.reuseSocket as (...args: unknown[]) => void
    Object.assign(mine, {
      reuseSocket(this: Agent, socket: unknown, req: unknown) {
        reused.push(socket, req)
        original.call(this, socket, req)
      }
    })
    await fetch(app, { agent: mine })
    await until(() => count(mine.freeSockets) === 1)
    const { req } = await fetch(app, { agent: mine })
    assert.equal(reused[0], req.socket)
    assert.equal(reused[1], req)
    assert.equal(req.reusedSocket, true)
  },
  destroy: async (world) => {
    const { app, held, release } = await holding(world)
    const agent = world.agent(app, { keepAlive: true })
    const first = start(world, app, agent)
    await until(() => held.length === 1)
    release()
    await first.done
    await until(() => count(agent.freeSockets) === 1)
    const second = start(world, app, agent)
    await until(() => held.length === 1)
    const other = start(world, app, agent)
    await until(() => held.length === 2)
    agent.destroy()
    await Promise.all([second.done, other.done])
    assert.deepEqual([second.req.destroyed, count(agent.sockets), count(agent.freeSockets)], [true, 0, 0])
  },
  getName: (world) => {
    const { http, https } = world
    const agent = new http.Agent()
    const name = (options?: object) => (agent.getName as (options?: object) => string)(options)
    assert.equal(name(), "localhost::")
    assert.equal(name({ host: "h", port: 1, localAddress: "l", family: 6 }), "h:1:l:6")
    assert.equal(name({ host: "h", port: 1, socketPath: "/s" }), "h:1::/s")
    const secure = new https.Agent()
    assert.match(
      secure.getName({ host: "h", port: 1, ca: "CA", servername: "s", rejectUnauthorized: false } as never),
      // Newer versions of Node.js label the parts of the name, and add parts.
      isBuiltInSince(world, 22) ? /^h:1::(s2:)?CA::::::false:s:::/ : /^h:1::CA::::::false:s::::::::::::$/
    )
  }
})

surface("Agent", "properties", {
  freeSockets: async ({ agent, fetch, server }) => {
    const app = await server(ok)
    const mine = agent(app, { keepAlive: true })
    const { req } = await fetch(app, { agent: mine })
    await until(() => count(mine.freeSockets) === 1)
    const [name, list] = Object.entries(mine.freeSockets)[0]!
    assert.match(name, /^127\.0\.0\.1:\d+:$/)
    assert.equal(list![0], req.socket)
    assert.equal(Object.getPrototypeOf(mine.freeSockets), null)
    list![0]!.destroy()
    await until(() => count(mine.freeSockets) === 0)
    assert.deepEqual(Object.keys(mine.freeSockets), [])
    // An idle socket is destroyed when the agent's timeout expires.
    const short = agent(app, { keepAlive: true, timeout: 20 })
    const { req: timed } = await fetch(app, { agent: short })
    await until(() => count(short.freeSockets) === 1)
    await until(() => count(short.freeSockets) === 0)
    assert.equal(timed.socket!.destroyed, true)
  },
  maxFreeSockets: async ({ agent, fetch, server }) => {
    const app = await server(ok)
    const mine = agent(app, { keepAlive: true })
    assert.equal(mine.maxFreeSockets, 256)
    mine.maxFreeSockets = 0
    await fetch(app, { agent: mine })
    await until(() => count(mine.sockets) === 0)
    assert.equal(count(mine.freeSockets), 0)
  },
  maxSockets: async (world) => {
    const { app, held, release } = await holding(world)
    const agent = world.agent(app)
    assert.equal(agent.maxSockets, Infinity)
    agent.maxSockets = 1
    const all = [start(world, app, agent), start(world, app, agent)]
    await until(() => held.length === 1)
    assert.equal(count(agent.requests), 1)
    release()
    await until(() => held.length === 1)
    release()
    await Promise.all(all.map(({ done }) => done))
  },
  maxTotalSockets: async (world) => {
    const { app, held, release } = await holding(world)
    const agent = world.agent(app)
    assert.equal(agent.maxTotalSockets, Infinity)
    agent.maxTotalSockets = 1
    const one = start(world, app, agent)
    const two = start(world, app, agent, { localAddress: "127.0.0.1" })
    await until(() => held.length === 1)
    assert.equal(count(agent.requests), 1)
    release()
    await one.done
    await until(() => held.length === 1)
    release()
    await two.done
  },
  requests: async (world) => {
    const { app, held, release } = await holding(world)
    const agent = world.agent(app, { maxSockets: 1 })
    const one = start(world, app, agent)
    const two = start(world, app, agent)
    await until(() => held.length === 1)
    const lists = Object.values(agent.requests)
    assert.equal(lists.length, 1)
    assert.equal(lists[0]![0], two.req)
    two.req.destroy()
    release()
    await Promise.all([one.done, two.done])
    await until(() => Object.keys(agent.requests).length === 0)
  },
  sockets: async (world) => {
    const { app, held, release } = await holding(world)
    const agent = world.agent(app)
    const { done, req } = start(world, app, agent)
    await until(() => held.length === 1)
    const list = Object.values(agent.sockets)[0]!
    assert.equal(list[0], req.socket)
    release()
    await done
    await until(() => Object.keys(agent.sockets).length === 0)
  }
})

surface("Agent", "socketEvents", {
  agentRemove: async ({ agent, http, server, to }) => {
    const app = await server()
    app.on("upgrade", (_req, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
    })
    const mine = agent(app, { keepAlive: true })
    const req = http.get(to(app, { agent: mine, headers: { Connection: "Upgrade", Upgrade: "x" } }))
    let removed = 0
    req.on("socket", (socket) => socket.on("agentRemove", () => removed++))
    const [, socket] = (await once(req, "upgrade")) as [IncomingMessage, Duplex]
    assert.equal(removed, 1)
    assert.deepEqual([count(mine.sockets), count(mine.freeSockets), socket.destroyed], [0, 0, false])
    socket.destroy()
    // A program emits `agentRemove` for a long request, so that its socket no longer counts in the agent.
    const held: Array<ServerResponse> = []
    const slow = await server((_req, res) => void held.push(res))
    const one = agent(slow, { keepAlive: true, maxSockets: 1 })
    const long = http.get(to(slow, { agent: one }))
    const [taken] = (await once(long, "socket")) as [net.Socket]
    await until(() => held.length === 1)
    taken.emit("agentRemove")
    assert.deepEqual([count(one.sockets), taken.destroyed], [0, false])
    const next = http.get(to(slow, { agent: one }))
    await until(() => held.length === 2)
    for (const res of held) res.end("ok")
    const answers = [long, next].map(async (each) =>
      read(((await once(each, "response")) as [IncomingMessage])[0])
    )
    assert.deepEqual(await Promise.all(answers), ["ok", "ok"])
  }
})
