/**
 * The constructors are functions, as in Node: `Agent` and `Server` can be called without `new`, all can be
 * called with `.call(this)` (for `util.inherits`), and all can be extended. On the built-in modules and on
 * ours.
 */
import { strict as assert } from "node:assert"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import type { IncomingMessage, RequestListener } from "node:http"
import net from "node:net"
import { Readable, Stream } from "node:stream"
import tls from "node:tls"
import { inherits } from "node:util"
import { both, read, tcp, type World } from "./harness.js"

/** A constructor without its declared types. */
type Callable = {
  (...args: ReadonlyArray<unknown>): object
  new (...args: ReadonlyArray<unknown>): object
  call(self: object, ...args: ReadonlyArray<unknown>): unknown
  prototype: object
}

/** Creates a subclass in the style before ES classes. */
const inherited = (Parent: unknown): Callable => {
  function Child(this: object, ...args: ReadonlyArray<unknown>) {
    ;(Parent as Callable).call(this, ...args)
  }
  inherits(Child as never, Parent as never)
  return Child as unknown as Callable
}

const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const secure = { key: pem("server-key.pem"), cert: pem("server.pem") }
const answer: RequestListener = (req, res) => void res.end(`${req.method} ${req.url}`)

/** Checks that subclasses of server and agent serve a request. */
const works = async ({ http, https }: World, server: net.Server, agent: object, encrypted: boolean) => {
  await once(server.listen(0, "127.0.0.1"), "listening")
  const { port } = server.address() as net.AddressInfo
  const options = { port, host: "127.0.0.1", path: "/x", rejectUnauthorized: false, agent: agent as never }
  const [res] = (await once((encrypted ? https : http).get(options), "response")) as [IncomingMessage]
  assert.equal(await read(res), "GET /x")
  ;(agent as { destroy(): void }).destroy()
  await new Promise((resolve) => server.close(resolve))
}

both("constructors", {
  "without new": tcp(async (world) => {
    const { http, https } = world
    for (const { Agent, Server } of [http, https] as unknown as ReadonlyArray<Record<string, Callable>>) {
      const encrypted = Agent === (https.Agent as unknown)
      const server = encrypted ? Server!(secure, answer) : Server!(answer)
      const agent = Agent!({ keepAlive: true })
      assert.ok(server instanceof Server! && agent instanceof Agent!)
      assert.ok(server instanceof (encrypted ? tls.Server : net.Server))
      assert.ok(agent instanceof http.Agent)
      await works(world, server as net.Server, agent, encrypted)
    }
  }),
  "with call and util.inherits": tcp(async (world) => {
    const { http, https } = world
    for (const { Agent, Server } of [http, https] as unknown as ReadonlyArray<Record<string, Callable>>) {
      const encrypted = Agent === (https.Agent as unknown)
      const MyServer = inherited(Server)
      const MyAgent = inherited(Agent)
      const server = encrypted ? new MyServer(secure, answer) : new MyServer(answer)
      const agent = new MyAgent({ keepAlive: true })
      assert.ok(server instanceof Server! && server instanceof MyServer)
      assert.ok(agent instanceof Agent! && agent instanceof MyAgent)
      await works(world, server as net.Server, agent, encrypted)
    }
  }),
  "messages with call and util.inherits": async ({ fetch, http, server }) => {
    const Request = inherited(http.IncomingMessage)
    const Response = inherited(http.ServerResponse)
    const seen: Array<unknown> = []
    const app = await server({ IncomingMessage: Request, ServerResponse: Response }, (req, res) => {
      seen.push(req instanceof Request, req instanceof http.IncomingMessage, req instanceof Readable)
      seen.push(res instanceof Response, res instanceof http.ServerResponse, res instanceof Stream)
      res.end("legacy")
    })
    assert.equal((await fetch(app)).body, "legacy")
    assert.deepEqual(seen, [true, true, true, true, true, true])
  },
  "a request with call and util.inherits": async ({ http, server, to }) => {
    const app = await server(answer)
    const Request = inherited(http.ClientRequest)
    const req = new Request(to(app, { path: "/inherited" })) as InstanceType<typeof http.ClientRequest>
    assert.ok(req instanceof http.ClientRequest && req instanceof http.OutgoingMessage)
    req.end()
    const [res] = (await once(req, "response")) as [IncomingMessage]
    assert.equal(await read(res), "GET /inherited")
  },
  "an outgoing message with call and util.inherits": ({ http }) => {
    const Message = inherited(http.OutgoingMessage)
    const message = new Message() as InstanceType<typeof http.OutgoingMessage>
    message.setHeader("X-A", "1")
    assert.deepEqual({ ...message.getHeaders() }, { "x-a": "1" })
    assert.ok(message instanceof Stream)
  },
  "extended by classes": tcp(async (world) => {
    const { http, https } = world
    class PlainServer extends http.Server {}
    class PlainAgent extends http.Agent {}
    class SecureServer extends https.Server {}
    class SecureAgent extends https.Agent {}
    await works(world, new PlainServer(answer), new PlainAgent(), false)
    await works(world, new SecureServer(secure, answer), new SecureAgent(), true)
    class Request extends http.ClientRequest {
      readonly mine = "field"
    }
    class Message extends http.OutgoingMessage {
      readonly mine = "field"
    }
    const req = new Request({ host: "h", createConnection: () => new net.Socket() } as never).on(
      "error",
      () => {}
    )
    assert.deepEqual([req.mine, req.getHeader("host")], ["field", "h:80"])
    req.destroy()
    assert.equal(new Message().setHeader("a", "b").getHeader("a"), "b")
  }),
  "an agent's lists are plain objects of their own, which can be changed": async ({
    agent,
    fetch,
    server
  }) => {
    const app = await server(answer)
    const mine = agent(app, { keepAlive: true })
    for (const name of ["sockets", "freeSockets", "requests"] as const) {
      assert.equal(Object.getPrototypeOf(mine[name]), null)
      assert.ok(Object.getOwnPropertyDescriptor(mine, name)!.writable)
    }
    const { req } = await fetch(app, { agent: mine })
    await new Promise((resolve) => setTimeout(resolve, 2))
    const [name] = Object.keys(mine.freeSockets)
    // The program has removed the socket from the list, so the agent no longer reuses it.
    mine.freeSockets[name!]!.pop()
    const again = await fetch(app, { agent: mine })
    assert.equal(again.req.reusedSocket, false)
    assert.notEqual(again.req.socket, req.socket)
    req.socket!.destroy()
  }
})
