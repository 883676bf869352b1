/**
 * A process was stopped (SIGSTOP) for longer than a timeout. When it continues, servers and clients of both
 * APIs read the bytes in the kernel's buffers before they check the timeout.
 */
import { afterAll, assert, it } from "vitest"
import { fork } from "node:child_process"
import { once } from "node:events"
import { connect, createServer, type AddressInfo, type Socket } from "node:net"
import * as timers from "node:timers"
import { setTimeout } from "node:timers/promises"

const kept = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"

/** Waits for a condition, which is checked after every event. */
class News {
  private readonly waiting = new Set<() => void>()
  tell(): void {
    for (const look of this.waiting) look()
  }
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return
        this.waiting.delete(look)
        resolve()
      }
      this.waiting.add(look)
      look()
    })
  }
}

const news = new News()
const requests = new Map<string, Socket>()
const server = createServer((socket) => {
  socket
    .on("error", () => {})
    .once("data", (data) => {
      const name = /^GET \/(\S+)/.exec(String(data))![1]!
      requests.set(name, socket)
      if (name.endsWith("body")) socket.write(`${ok}12345`)
      news.tell()
    })
})
afterAll(() => {
  server.close()
})

/** Opens a connection to a server and sends bytes. Records the response. */
const client = (port: number, bytes: string) => {
  const socket = connect(port, "127.0.0.1", () => socket.write(bytes))
  const seen = { socket, text: "", closed: false }
  socket.on("data", (data) => {
    seen.text += String(data)
    news.tell()
  })
  socket
    .on("error", () => {})
    .on("close", () => {
      seen.closed = true
      news.tell()
    })
  return seen
}

interface Told {
  readonly ports?: ReadonlyArray<number>
  readonly begun?: string
  readonly name?: string
  readonly outcome?: string
}

/**
 * Stops a process for longer than its timeouts (`limit`, ms). Returns `undefined` if half of that time passed
 * before the process was stopped.
 */
const stopped = async (limit: number) => {
  requests.clear()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const child = fork(new URL("../fixtures/stopped.mjs", import.meta.url), [url, `${limit}`])
  const begun = new Set<string>()
  const outcomes: Record<string, string> = {}
  let ports: ReadonlyArray<number> = []
  child.on("message", (told: Told) => {
    if (told.ports !== undefined) ports = told.ports
    if (told.begun !== undefined) begun.add(told.begun)
    if (told.name !== undefined) outcomes[told.name] = told.outcome!
    news.tell()
  })
  child.once("exit", news.tell.bind(news))
  try {
    await news.until(() => ports.length === 2 || child.exitCode !== null)
    assert.isNull(child.exitCode, "the process that is to be stopped has exited")
    const start = performance.now()
    const isSlow = () => performance.now() - start > limit / 2
    const alarm = timers.setTimeout(() => news.tell(), limit / 2 + 10)
    // The first connections are idle between two requests. The others have sent a part of a head.
    const idle = ports.map((port) => client(port, kept))
    const late = ports.map((port) => client(port, kept.slice(0, 20)))
    child.send("go")
    await news.until(
      () =>
        isSlow() ||
        (idle.every(({ text }) => text.endsWith("hello")) &&
          requests.size === 5 &&
          begun.has("body") &&
          begun.has("callback-body"))
    )
    timers.clearTimeout(alarm)
    child.kill("SIGSTOP")
    if (isSlow()) return undefined
    for (const [name, socket] of requests) socket.write(name.endsWith("body") ? "67890" : `${ok}1234567890`)
    for (const { socket } of idle) socket.write(kept)
    for (const { socket } of late) socket.write(kept.slice(20))
    await setTimeout(1.25 * limit)
    child.kill("SIGCONT")
    await news.until(() => Object.keys(outcomes).length === 5)
    await news.until(() => idle.every(({ closed, text }) => closed || text.split("hello").length === 3))
    await news.until(() => late.every(({ closed, text }) => closed || text.endsWith("hello")))
    const answers = ({ text }: { readonly text: string }) => text.split("HTTP/1.1 200 OK").length - 1
    return { outcomes, idle: idle.map(answers), late: late.map(answers) }
  } finally {
    child.kill("SIGKILL")
  }
}

it("bytes that arrived while the process was stopped prevent a timeout, however long it was stopped", async () => {
  await once(server.listen(0, "127.0.0.1"), "listening")
  const seen = (await stopped(2_000)) ?? (await stopped(10_000)) ?? (await stopped(40_000))
  const body = "1234567890"
  assert.deepEqual(seen, {
    outcomes: { total: body, head: body, body, callback: body, "callback-body": body },
    idle: [2, 2],
    late: [1, 1]
  })
})
