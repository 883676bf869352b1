/**
 * Clusters of real processes share a port, replace crashed workers, lose no request in a restart, and leave
 * no process running.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import * as http from "node:http"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, describe, it, onTestFinished } from "vitest"

const fixture = fileURLToPath(new URL("../fixtures/cluster.mjs", import.meta.url))
if (!existsSync(new URL("../../dist/NodeCluster.js", import.meta.url)))
  throw new Error("run `npm run build` first")

interface Line {
  readonly _tag?: string
  readonly worker?: number
  readonly pid?: number
  readonly port?: number
  readonly exitCode?: number
  readonly expected?: boolean
  readonly started?: ReadonlyArray<Worker>
  readonly workers?: ReadonlyArray<Worker>
  readonly restarted?: boolean
  readonly begun?: number
  readonly loading?: boolean
  readonly stopping?: boolean
}
interface Worker {
  readonly worker: number
  readonly pid: number
  readonly state: string
}

const exists = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Starts a cluster and collects its output. After the test, all of its processes are killed. */
const started = (options: object = {}, env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(process.execPath, [fixture], {
    env: { ...process.env, OPTIONS: JSON.stringify({ workers: 2, ...options }), ...env },
    stdio: ["pipe", "pipe", "pipe"]
  })
  const lines: Array<Line> = []
  let text = ""
  const look = new Set<() => void>()
  createInterface({ input: child.stdout }).on("line", (line) => {
    text += `${line}\n`
    if (line.startsWith("{")) lines.push(JSON.parse(line) as Line)
    for (const f of look) f()
  })
  child.stderr.setEncoding("utf8").on("data", (data: string) => (text += data))
  const closed = once(child, "close").then(([code]) => code as number | null)
  const pids = () => [
    ...new Set(lines.flatMap(({ pid, started = [] }) => [pid, ...started.map((w) => w.pid)]))
  ]
  onTestFinished(() => {
    for (const pid of [child.pid, ...pids()])
      if (pid !== undefined && exists(pid)) process.kill(pid, "SIGKILL")
  })
  /**
   * Calls `f` with each line from index `from` on, and waits for its first result that is not `undefined`.
   */
  const prints = <A>(f: (line: Line) => A | undefined, from = 0): Promise<A> =>
    new Promise((resolve, reject) => {
      const search = () => {
        for (const line of lines.slice(from)) {
          const found = f(line)
          if (found === undefined) continue
          look.delete(search)
          return resolve(found)
        }
      }
      look.add(search)
      void closed.then((code) => reject(new Error(`exit ${code}\n${text}`)))
      search()
    })
  return {
    child,
    closed,
    lines,
    prints,
    tell: (line: string) => void child.stdin.write(`${line}\n`),
    text: () => text,
    workers: () => prints(({ started }) => started),
    port: () => prints(({ port }) => port),
    left: () => pids().filter((pid): pid is number => pid !== undefined && exists(pid))
  }
}

const get = (port: number, path: string, agent: http.Agent | false = false): Promise<string> =>
  new Promise((resolve, reject) => {
    http
      .get({ host: "127.0.0.1", port, path, agent }, (response) => {
        let text = ""
        response.setEncoding("utf8").on("data", (data: string) => (text += data))
        response.on("end", () =>
          response.statusCode === 200 ? resolve(text) : reject(new Error(`status ${response.statusCode}`))
        )
        response.on("error", reject)
      })
      .on("error", reject)
  })

const pidsOf = (workers: ReadonlyArray<Worker>) => workers.map(({ pid }) => pid).sort()

describe("NodeCluster", () => {
  it("shares one port among its workers", async () => {
    const cluster = started()
    const workers = await cluster.workers()
    assert.deepStrictEqual(
      workers.map(({ state, worker }) => [worker, state]),
      [
        [1, "ready"],
        [2, "ready"]
      ]
    )
    const port = await cluster.port()
    const answered = new Set<number>()
    for (let i = 0; i < 8; i++) answered.add(Number(await get(port, "/")))
    assert.deepStrictEqual([...answered].sort(), pidsOf(workers))
  })

  it("replaces a crashed worker while the others serve", async () => {
    const cluster = started()
    const before = pidsOf(await cluster.workers())
    const port = await cluster.port()
    const cut = await get(port, "/crash").catch((error: NodeJS.ErrnoException) => error.code)
    assert.strictEqual(cut, "ECONNRESET")
    const crashed = await cluster.prints((line) => (line._tag === "WorkerEnded" ? line : undefined))
    assert.deepInclude(crashed, { exitCode: 7, expected: false })
    assert.notStrictEqual(Number(await get(port, "/")), crashed.pid)
    const fresh = await cluster.prints((line) => (line._tag === "WorkerReady" ? line : undefined))
    assert.strictEqual(fresh.worker, 3)
    const { worker } = crashed
    await until(() => cluster.text().includes("replaced by"))
    assert.match(cluster.text(), new RegExp(`WARN .*worker ${worker!} exited \\(code 7\\)`))
    assert.include(cluster.text(), `worker ${worker!} replaced by worker 3 (exited (code 7))`)
    const answered = new Set<number>()
    for (let i = 0; i < 8; i++) answered.add(Number(await get(port, "/")))
    const now = [...before.filter((pid) => pid !== crashed.pid), fresh.pid!]
    assert.deepStrictEqual([...answered].sort(), now.sort())
  })

  it("a restart under load replaces every worker and loses no request", async () => {
    // Use a long grace period, so that on a slow machine a connection between two requests does not count as
    // idle.
    const cluster = started({}, { GRACE: "30000" })
    const before = pidsOf(await cluster.workers())
    const port = await cluster.port()
    const agent = new http.Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    let running = true
    let sent = 0
    const answers: Array<number> = []
    const load = async (path: string, agent: http.Agent | false) => {
      while (running) {
        sent++
        answers.push(Number(await get(port, path, agent)))
      }
    }
    const loads = [
      ...Array.from({ length: 4 }, () => load("/", agent)),
      ...Array.from({ length: 2 }, () => load("/slow", agent)),
      ...Array.from({ length: 2 }, () => load("/", false))
    ]
    await until(() => answers.length > 50)
    cluster.tell("restart")
    await cluster.prints(({ restarted }) => restarted)
    const exchangedAt = answers.length
    await until(() => answers.length > exchangedAt + 50)
    running = false
    await Promise.all(loads)
    assert.strictEqual(answers.length, sent)
    const after = cluster.lines.flatMap((line) => (line._tag === "WorkerReady" ? [line.pid!] : []))
    assert.lengthOf(after, 2)
    assert.sameMembers([...new Set(answers.slice(exchangedAt + 10))], after)
    assert.sameMembers([...new Set(answers)], [...before, ...after])
    // Each new worker was ready before an old worker was told to stop.
    const order = cluster.lines.flatMap(({ _tag }) => (_tag?.startsWith("Worker") === true ? [_tag] : []))
    const each = ["WorkerStarted", "WorkerReady", "WorkerStopping", "WorkerEnded"]
    assert.deepStrictEqual(order, [...each, ...each])
    assert.isTrue(cluster.lines.every(({ expected }) => expected !== false))
    cluster.tell("workers")
    assert.deepStrictEqual(pidsOf(await cluster.prints(({ workers }) => workers)), after.sort())
  })

  it("a SIGHUP while the first workers start replaces them once they are ready", async () => {
    const cluster = started({}, { RUN: "1", FAULT: "slow to start" })
    await cluster.prints(({ loading }) => loading)
    cluster.child.kill("SIGHUP")
    const { child } = cluster
    const isOver = () => child.exitCode !== null || child.signalCode !== null
    await until(() => cluster.text().includes("all workers replaced") || isOver())
    assert.match(cluster.text(), /worker 1 replaced by worker \d \(restart\)/)
    assert.isNull(cluster.child.signalCode, cluster.text())
    cluster.child.kill("SIGTERM")
    await cluster.closed
    assert.isNull(cluster.child.signalCode)
  })

  it("a SIGHUP while the workers stop does not kill the primary", async () => {
    const cluster = started({}, { RUN: "1", FAULT: "slow to stop" })
    await until(() => cluster.lines.filter(({ port }) => port !== undefined).length === 2)
    await cluster.port()
    cluster.child.kill("SIGTERM")
    await cluster.prints(({ stopping }) => stopping)
    cluster.child.kill("SIGHUP")
    await cluster.closed
    assert.isNull(cluster.child.signalCode, cluster.text())
  })

  it("a restart notifies upgraded connections, and completes when they have closed", async () => {
    const cluster = started()
    await cluster.workers()
    const port = await cluster.port()
    const upgraded = async () => {
      const socket = net.connect(port, "127.0.0.1").setEncoding("latin1")
      let text = ""
      socket.on("data", (data: string) => (text += data))
      const ended = once(socket, "end")
      socket.write("GET /echo HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\none")
      await until(() => text.endsWith("one"))
      return { socket, ended, text: () => text }
    }
    const both = [await upgraded(), await upgraded()]
    cluster.tell("restart")
    await cluster.prints(({ restarted }) => restarted)
    for (const { ended, text } of both) {
      await ended
      assert.match(text(), /^HTTP\/1\.1 101 [^]*\r\n\r\none<bye>$/)
    }
    const ended = cluster.lines.filter(({ _tag }) => _tag === "WorkerEnded")
    assert.deepStrictEqual(
      ended.map(({ exitCode, expected }) => [exitCode, expected]),
      [
        [0, true],
        [0, true]
      ]
    )
    // The new workers accept upgrades too.
    const next = await upgraded()
    next.socket.destroy()
  })

  it("stops with idle connections open, and leaves no process", async () => {
    const cluster = started()
    await cluster.workers()
    const port = await cluster.port()
    const agent = new http.Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    await Promise.all(Array.from({ length: 10 }, () => get(port, "/", agent)))
    const under = get(port, "/slow", agent)
    await cluster.prints(({ begun }) => begun)
    cluster.child.kill("SIGTERM")
    assert.isAbove(Number(await under), 0)
    assert.strictEqual(await cluster.closed, 0)
    assert.deepStrictEqual(cluster.left(), [])
    assert.notInclude(cluster.text(), '"expected":false')
  })

  it("workers whose primary was killed finish their work and exit", async () => {
    const cluster = started()
    await cluster.workers()
    const under = get(await cluster.port(), "/slow")
    const begun = await cluster.prints(({ begun }) => begun)
    cluster.child.kill("SIGKILL")
    assert.strictEqual(Number(await under), begun)
    await until(() => cluster.left().length === 0)
  })

  it("fails and stops all workers if one fails to start", async () => {
    const cluster = started({}, { FAULT: "fails at start" })
    assert.strictEqual(await cluster.closed, 1)
    assert.match(cluster.text(), /WorkerFailed.*worker \d exited \(code 1\) before it was ready/s)
    assert.deepStrictEqual(cluster.left(), [])
  })

  it("fails if a worker is not ready in time", async () => {
    const cluster = started({ startTimeout: 1500 }, { FAULT: "never ready" })
    assert.strictEqual(await cluster.closed, 1)
    assert.match(cluster.text(), /worker \d was not ready after 1s 500ms/)
    assert.deepStrictEqual(cluster.left(), [])
  })

  it("kills workers that have not exited at the deadline", async () => {
    const cluster = started({ gracefulShutdownTimeout: 100 }, { FAULT: "never ends" })
    await cluster.workers()
    cluster.child.kill("SIGTERM")
    assert.strictEqual(await cluster.closed, 0)
    assert.deepStrictEqual(cluster.left(), [])
    assert.match(cluster.text(), /worker 1 did not stop within 100ms and is killed/)
  })

  it("serves the cluster's health in the primary until the workers have exited", async () => {
    const folder = mkdtempSync(join(tmpdir(), "httpfx-health-"))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const HEALTH = join(folder, "health.sock")
    const cluster = started({ gracefulShutdownTimeout: 600_000 }, { RUN: "1", FAULT: "never ends", HEALTH })
    const { child } = cluster
    const isOver = () => child.exitCode !== null || child.signalCode !== null
    await until(() => existsSync(HEALTH) || isOver())
    const health = async (path: string) => {
      const [response] = (await once(http.get({ socketPath: HEALTH, path }), "response")) as [
        http.IncomingMessage
      ]
      const text = Buffer.concat((await response.toArray()) as Array<Buffer>).toString()
      return [response.statusCode, (JSON.parse(text) as { readonly state: string }).state]
    }
    assert.deepStrictEqual(await health("/readyz"), [200, "ready"])
    cluster.child.kill("SIGTERM")
    await until(() => cluster.lines.some(({ stopping }) => stopping === true) || isOver())
    assert.deepStrictEqual(await health("/readyz"), [503, "draining"])
    assert.deepStrictEqual(await health("/livez"), [200, "draining"])
    for (const { pid, port } of cluster.lines) if (port !== undefined) process.kill(pid!, "SIGKILL")
    await cluster.closed
    assert.isFalse(existsSync(HEALTH))
  })

  it("fails if a worker exits and the restart schedule has ended", async () => {
    const cluster = started({ giveUp: true })
    await cluster.workers()
    await get(await cluster.port(), "/crash").catch(() => {})
    assert.strictEqual(await cluster.closed, 1)
    assert.match(cluster.text(), /ERROR .*worker \d exited \(code 7\) and will not be replaced/)
    assert.notInclude(cluster.text(), "replaced by")
    assert.deepStrictEqual(cluster.left(), [])
  })

  it("refuses options with invalid numbers and durations", async () => {
    for (const [option, value] of Object.entries({
      workers: 0,
      startTimeout: "soon",
      gracefulShutdownTimeout: "5"
    })) {
      const cluster = started({ [option]: value })
      assert.strictEqual(await cluster.closed, 1)
      assert.include(cluster.text(), `"${option}" is out of range`)
    }
  })
})
