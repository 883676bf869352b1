/**
 * Runs a program on a callback API over connections in memory. Records events with their arguments, results
 * and errors of calls, the bytes at both ends, and changed properties of the objects after each step.
 */
import type { Agent, ClientRequest, IncomingMessage, RequestOptions, Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import events, { type EventEmitter } from "node:events"
import { inspect } from "node:util"
import { MemorySocket } from "../../surface/memory.js"
import type { Http } from "../implementations.js"
import { wrap } from "./calls.js"
import { callback, generate, heard, response, type Step, type Target } from "./generate.js"

const states = {
  sent: [
    ...[
      "headersSent",
      "finished",
      "writableEnded",
      "writableFinished",
      "writableLength",
      "destroyed",
      "closed",
      "errored"
    ],
    ...[
      "writableNeedDrain",
      "writableCorked",
      "shouldKeepAlive",
      "chunkedEncoding",
      "statusCode",
      "statusMessage"
    ],
    ...["reusedSocket", "aborted"]
  ],
  received: [
    ...[
      "complete",
      "aborted",
      "readableEnded",
      "destroyed",
      "closed",
      "errored",
      "readableFlowing",
      "readableLength"
    ],
    ...["readableAborted", "readableDidRead", "upgrade"]
  ],
  socket: ["destroyed", "readableEnded", "writableEnded", "writableLength", "writableCorked", "errored"]
} as const

/** The line of a trace that says that a connection received bytes for which no request waited. */
export const unasked = "unasked"

type Scope = { readonly id: string; heard?: () => void } & { [target in Target]?: unknown }

const turns = (n: number, then: () => void): void => void (n <= 0 ? then() : setImmediate(turns, n - 1, then))

/**
 * Runs the program of a seed and returns its trace. With `withCalls`, the trace contains each call of the
 * module's methods too.
 */
export const run = async (http: Http, seed: number, withCalls = false): Promise<ReadonlyArray<string>> => {
  // Generate the program for each run, because a run may change its arguments.
  const program = generate(seed)
  const trace: Array<string> = []
  const ids = new Map<unknown, string>()
  const watched: Array<{
    id: string
    object: object
    names: ReadonlyArray<string>
    last: Record<string, string>
  }> = []
  const sockets: Array<MemorySocket> = []
  let counter = 0

  const show = (value: unknown): string => {
    if (ids.has(value)) return ids.get(value)!
    if (value instanceof Error) return `${value.name} ${(value as { code?: string }).code} ${value.message}`
    if (value instanceof MemorySocket) return "a socket"
    const plain =
      typeof value !== "object" ||
      value === null ||
      [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(value) as never)
    const text =
      plain || value instanceof Uint8Array ? inspect(value, { breakLength: Infinity }) : "an object"
    return text.replace(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/g, "now").slice(0, 500)
  }
  const changes = (): void => {
    for (const { id, last, names, object } of watched) {
      for (const name of names) {
        const now = show((object as Record<string, unknown>)[name])
        if (last[name] !== now) trace.push(`  ${id}.${name}: ${now}`)
        last[name] = now
      }
    }
  }
  const tell = (text: string): void => {
    trace.push(text)
    changes()
  }
  const watch = (object: EventEmitter, kind: keyof typeof states, events: ReadonlyArray<string>): string => {
    const id = `${kind} ${counter++}`
    ids.set(object, id)
    watched.push({ id, object, names: states[kind], last: {} })
    for (const event of events)
      object.on(event, (...args) => tell(`${id} ${event} ${args.map(show).join(", ")}`))
    return id
  }
  const onUncaught = (error: unknown): void => tell(`uncaught ${show(error)}`)
  const onUnhandled = (error: unknown): void => tell(`unhandled ${show(error)}`)

  // Fires a timer only after 25 turns, when nothing else is pending, so that the trace does not depend on the
  // speed of the machine.
  let timers = 0
  const timer = (f: () => void): void => {
    timers++
    turns(25, () =>
      setTimeout(() => {
        timers--
        f()
      })
    )
  }
  const rest = async (): Promise<void> => {
    let busy = true
    while (busy) {
      busy = timers > 0
      await new Promise<void>((resolve) => turns(20, resolve))
      busy ||= timers > 0
    }
  }

  const unwrap = withCalls
    ? wrap(
        http,
        (line) => void trace.push(line),
        (value) => ids.get(value)
      )
    : undefined

  // Maximum number of steps, for endless programs such as a write in each callback of a failed write.
  let left = 400
  const perform = (scope: Scope, steps: ReadonlyArray<Step>): void => {
    for (const [i, step] of steps.entries()) {
      if (left-- <= 0) return
      const rest = () => perform(scope, steps.slice(i + 1))
      if ("wait" in step) {
        if (step.wait === "tick") process.nextTick(rest)
        else if (step.wait === "microtask") queueMicrotask(rest)
        else if (step.wait === "timer") timer(rest)
        else turns(step.wait, rest)
        return
      }
      if (step === heard) {
        scope.heard = rest
        return
      }
      const object = scope[step.on] as
        (EventEmitter & Record<string, (...args: ReadonlyArray<unknown>) => unknown>) | undefined
      if (!object) continue
      if ("event" in step) {
        object.on(step.event, (...args) => {
          tell(`${scope.id} hears ${step.event} ${args.map(show).join(", ")}`)
          perform(scope, step.then)
          return step.rejects ? Promise.reject(new Error("rejected")) : undefined
        })
        continue
      }
      try {
        if ("set" in step) {
          object[step.set] = step.value as never
          tell(`${scope.id} sets ${step.set}`)
          continue
        }
        const number = counter
        const args = step.args.map((one) => {
          if (one === response) return scope.res
          // Copy the list, because steps may repeat, and the built-in module appends to lists that it is
          // given.
          if (Array.isArray(one)) return [...(one as Array<unknown>)]
          return one === callback
            ? (...given: ReadonlyArray<unknown>) => tell(`callback ${number} ${given.map(show).join(", ")}`)
            : one
        })
        trace.push(`${scope.id} ${step.on}.${step.call} ${args.map(show).join(", ")}`)
        tell(`  gave ${show(object[step.call]!(...args))}`)
      } catch (error) {
        tell(`  threw ${show(error)}`)
      }
    }
  }

  let handled = 0
  const handle = (why: string) => (req: IncomingMessage, res: ServerResponse) => {
    const handler = program.handlers[handled++ % program.handlers.length]!
    const error = handler.errors ? ["error"] : []
    const id = `handler ${handled}`
    trace.push(`${id} ${why} ${req.method} ${req.url} ${show(req.rawHeaders)} ${show(req.headers)}`)
    watch(req, "received", ["end", "close", "aborted", ...error])
    watch(res, "sent", ["finish", "close", "drain", "prefinish", ...error])
    changes()
    perform({ id, req, res, socket: req.socket, server }, handler.steps)
  }
  events.captureRejections = program.captures
  const server: Server = http.createServer(program.server, handle("request"))
  for (const event of program.listeners) {
    if (event === "clientError") {
      server.on(event, (error: Error, socket) => {
        tell(`clientError ${show(error)}`)
        socket.end()
      })
    } else if (event === "dropRequest") server.on(event, () => tell(event))
    else server.on(event, handle(event))
  }
  server.emit("listening")

  /** Runs the steps of a raw peer on its end of a connection. */
  const speak = (socket: MemorySocket, id: string, steps: ReadonlyArray<Step>): void => {
    const scope: Scope = { id, socket }
    socket.on("data", (bytes: Buffer) => {
      tell(`${id} has ${show(bytes.toString("latin1"))}`)
      const next = scope.heard
      delete scope.heard
      next?.()
    })
    for (const event of ["end", "close", "error"]) socket.on(event, () => tell(`${id} ${event}`))
    perform(scope, steps)
  }
  let connected = 0
  const connect = (): MemorySocket => {
    const [near, far] = MemorySocket.pair()
    sockets.push(near, far)
    const number = connected++
    far.on("error", () => {})
    if (program.peer === undefined) {
      watch(far, "socket", ["end", "finish", "close"])
      server.emit("connection", far as unknown as Socket)
    } else speak(far, `peer ${number}`, program.peer[number % program.peer.length]!)
    return near
  }
  const open = (): MemorySocket => {
    const socket = connect()
    watch(socket, "socket", ["end", "finish", "close", "error"])
    const push = socket.push.bind(socket)
    socket.push = (bytes: unknown) => {
      const message = (socket as { _httpMessage?: ClientRequest | null })._httpMessage
      if (bytes !== null && (!message || message.closed)) trace.push(unasked)
      return push(bytes)
    }
    return socket
  }
  const agent: Agent | undefined = program.agent && new http.Agent(program.agent)
  if (agent) Object.assign(agent, { createConnection: open })

  const ask = (
    options: RequestOptions,
    client: { steps: ReadonlyArray<Step>; answered: ReadonlyArray<Step>; errors: boolean }
  ): void => {
    const scope: Scope = { id: `client ${counter}` }
    let req: ClientRequest
    try {
      req = http.request({
        host: "a.test",
        ...(agent ? { agent } : { createConnection: open as never }),
        ...options
      })
    } catch (error) {
      return tell(`${scope.id} threw ${show(error)}`)
    }
    scope.req = req
    const events = ["finish", "close", "abort", "drain", "continue", "information", "prefinish"]
    const id = watch(req, "sent", client.errors ? [...events, "error"] : events)
    req.on("socket", (socket) => {
      scope.socket = socket
      tell(`${id} socket`)
    })
    req.on("response", (res) => {
      scope.res = res
      trace.push(
        `${id} response ${res.statusCode} ${show(res.statusMessage)} ${show(res.rawHeaders)} ${show(res.headers)}`
      )
      watch(res, "received", ["end", "close", "aborted", "error"])
      res.on("end", () => tell(`trailers ${show(res.trailers)}`))
      changes()
      perform(scope, client.answered)
    })
    perform(scope, client.steps)
  }

  // A listener that throws or rejects is a part of the program and must not fail the test.
  const others = process.listeners("uncaughtException")
  const otherRejections = process.listeners("unhandledRejection")
  process.removeAllListeners("uncaughtException").removeAllListeners("unhandledRejection")
  process.on("uncaughtException", onUncaught).on("unhandledRejection", onUnhandled)
  try {
    for (const [i, client] of program.clients.entries()) {
      if ("bytes" in client) speak(connect(), `bytes ${i}`, client.bytes)
      else ask(client.options, client)
      await rest()
    }
    const count = (lists: NodeJS.ReadOnlyDict<ReadonlyArray<unknown>>) =>
      Object.entries(lists).map(([name, list]) => `${name} ${list!.length}`)
    if (agent) tell(`agent ${show([count(agent.sockets), count(agent.freeSockets), count(agent.requests)])}`)
    for (const socket of sockets) socket.destroy()
    await rest()
    return [...trace, "over"]
  } finally {
    left = 0
    process.removeListener("uncaughtException", onUncaught).removeListener("unhandledRejection", onUnhandled)
    for (const other of others) process.on("uncaughtException", other)
    for (const other of otherRejections) process.on("unhandledRejection", other)
    events.captureRejections = false
    server.close()
    unwrap?.()
  }
}
