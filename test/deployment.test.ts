/**
 * docs/deployment.md, followed literally: its program as the first process of a container, its unit as
 * systemd parses it, and its load balancer with two servers that are replaced one after the other under load.
 * `npm run test:guides` also builds the image (guides.test.ts).
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { readFile, writeFile } from "node:fs/promises"
import * as net from "node:net"
import { join } from "node:path"
import { assert, describe, it, onTestFinished } from "vitest"
import { stepsOf } from "./image.js"
import { freePort, hasNginx, startNginx } from "./nginx.js"
import { project } from "./programs.js"
import { blocksOf } from "./stranger.js"
import { program, root, run, temporaryFolder, type Program } from "./support.js"

const document = "docs/deployment.md"
const blocks = await blocksOf(document)

// systemd-analyze rates unit files since version 250.
const systemd = /^systemd (\d+)/.exec(String(spawnSync("systemd-analyze", ["--version"]).stdout))
const hasSystemd = Number(systemd?.[1]) >= 250
// Only root can create PID namespaces.
const unshare = ["--pid", "--fork", "--kill-child", "--mount-proc"]
const hasNamespaces = spawnSync("unshare", [...unshare, "true"]).status === 0
if (!hasNginx) console.log(`nginx is not installed: ${document} is run without it (guides.test.ts)`)
if (!hasSystemd) console.log(`no systemd 250 or later: the unit of ${document} is not verified by it`)
if (!hasNamespaces) console.log(`no PID namespaces: the program of ${document} is not run as PID 1`)

const shown = (language: string, within = ""): string =>
  blocks.find((block) => block.language === language && block.text.includes(within))!.text
const source = blocks.find(({ file }) => file === "src/main.ts")!.text

/** Compiles the program as the page does. The output is `dist/main.js` in the returned folder. */
const compiled = () => project(new Map([["main", source]]), { outDir: "dist" })

const steps = stepsOf(shown("dockerfile"))
const lastOf = (instruction: string) => steps.filter((step) => step.instruction === instruction).pop()!.rest
const start = JSON.parse(lastOf("CMD")) as ReadonlyArray<string>
const [checks, ...check] = JSON.parse(lastOf("HEALTHCHECK").replace(/^(--\S+ )*CMD /, "")) as Array<string>

/** Runs the health check of the image, with the port on which the program serves its health in this test. */
const checked = (port: number) =>
  spawnSync(
    process.execPath,
    check.map((arg) => arg.replace(":9000/", `:${port}/`))
  ).status

/** Returns the seconds of a setting in the program. */
const secondsIn = (setting: string): number =>
  Number(new RegExp(`${setting}: Config\\..*"(\\d+) seconds"`).exec(source)![1])
/**
 * Maximum duration of a shutdown: the lame-duck period, and twice the timeout if handlers are
 * uninterruptible.
 */
const longestStop = secondsIn("lameDuckPeriod") + 2 * secondsIn("gracefulShutdownTimeout")

describe(`${document}: the start command`, () => {
  it(`${hasNamespaces ? "" : "(not as PID 1) "}is healthy, and on SIGTERM completes responses and exits`, async () => {
    const folder = await compiled()
    const [port, health] = [await freePort(), await freePort()]
    assert.deepStrictEqual([start[0], checks], ["node", "node"])
    assert.strictEqual(checked(health), 1)
    const command = [process.execPath, ...start.slice(1)]
    const [executable, ...rest] = hasNamespaces ? ["unshare", ...unshare, ...command] : command
    const child = spawn(executable!, rest, {
      cwd: folder,
      env: { ...process.env, PORT: String(port), HEALTH_PORT: String(health), LAME_DUCK: "0 seconds" },
      stdio: ["ignore", "pipe", "inherit"]
    })
    onTestFinished(() => void child.kill("SIGKILL"))
    const closed = once(child, "close")
    let printed = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text))
    while (!printed.includes("listening")) await once(child.stdout, "data")

    const isAlive = () =>
      fetch(`http://127.0.0.1:${health}/livez`).then(
        ({ ok }) => ok,
        () => false
      )
    while (!(await isAlive()));
    assert.strictEqual(checked(health), 0)

    // Send the second request before the signal, on a connection that the server has already accepted.
    const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    const socket = net.connect(port, "127.0.0.1").setEncoding("latin1")
    let received = ""
    socket.on("data", (text: string) => (received += text))
    socket.write(request)
    while (!received.endsWith("hello\n")) await once(socket, "data")
    received = ""
    socket.write(request)
    // The pid of the program outside of its namespace. Inside, the program has pid 1.
    const children = `/proc/${child.pid}/task/${child.pid}/children`
    const pid = hasNamespaces ? Number(await readFile(children, "utf8")) : child.pid!
    process.kill(pid, "SIGTERM")
    await once(socket, "close")
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n[^]*hello\n$/)
    assert.deepStrictEqual(await closed, [0, null])
    assert.match(printed, /closed after .*nothing was cut off/)
    assert.strictEqual(checked(health), 1)
  })
})

describe(`${document}: the Dockerfile`, () => {
  it("copies the files of the page, and starts the program without a shell and not as root", () => {
    const files = new Set(["package.json", "package-lock.json", "src"])
    for (const { file } of blocks) if (file !== undefined) files.add(file)
    const copied = steps.filter(({ instruction, rest }) => instruction === "COPY" && !rest.includes("--from"))
    for (const { rest } of copied)
      for (const path of rest.split(" ").slice(0, -1)) assert.isTrue(files.has(path), path)
    const order = steps.map(({ instruction }) => instruction)
    assert.isBelow(order.lastIndexOf("FROM"), order.indexOf("USER"))
    assert.isBelow(order.indexOf("USER"), order.lastIndexOf("CMD"))
    assert.notInclude(["root", "0"], lastOf("USER"))
    for (const port of lastOf("EXPOSE").split(" ")) assert.include(source, `"), ${port})`)
    const typed = blocks.filter(({ language }) => language === "console").map(({ text }) => text)
    assert.include(typed.join(""), ` ${start.join(" ")} &\n`)
  })
})

const unit = shown("ini", "[Service]")
const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(unit)![1]!

describe(`${document}: the unit`, () => {
  it("starts the same program, and allows the maximum duration of its shutdown", () => {
    assert.strictEqual(setting("ExecStart"), `/usr/bin/${start.join(" ")}`)
    assert.strictEqual(setting("KillSignal"), lastOf("STOPSIGNAL"))
    assert.isAbove(parseInt(setting("TimeoutStopSec")), longestStop)
    for (const [granted] of shown("sh", "docker").matchAll(/(?<=--stop-timeout |stop_grace_period: )\d+/g))
      assert.isAbove(Number(granted), longestStop)
  })

  /** Returns systemd's complaints about this unit. */
  const complaints = async (text: string) => {
    const file = join(temporaryFolder(), "app.service")
    await writeFile(file, text)
    // Read the complaints and not the exit code, because some complaints do not fail the command.
    const { stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" })
    return stderr.split("\n").filter((line) => line.includes("app.service"))
  }

  it.runIf(hasSystemd)("is accepted by systemd, which rates its sandbox as OK", async () => {
    // systemd looks for the commands on this machine, so replace their paths.
    const local = unit.replaceAll(/(?<=^Exec\w+=)\S+/gm, process.execPath)
    assert.deepStrictEqual(await complaints(local), [])
    assert.lengthOf(await complaints(local.replace("KillMode=mixed", "KillMode=some")), 1)
    const file = join(temporaryFolder(), "app.service")
    await writeFile(file, local)
    // The command fails if the rating exceeds the threshold, which is in tenths.
    await run("systemd-analyze", ["security", "--offline=yes", "--threshold=30", file], root)
  })
})

/** Starts nginx with the configuration of the page, with these ports in place of the ports in the page. */
const balancer = async (ports: ReadonlyMap<string, number>): Promise<void> => {
  let http = shown("nginx")
  for (const [from, to] of ports) http = http.replaceAll(`:${from}`, `:${to}`)
  onTestFinished(await startNginx({ http }))
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`).then(
    (response) => response.ok,
    () => false
  )

describe(`${document}: the balancer`, () => {
  it.runIf(hasNginx)("loses no request while both instances are replaced", async () => {
    const folder = await compiled()
    const [front, first, second] = [await freePort(), await freePort(), await freePort()]
    const startOn = async (port: number): Promise<Program> => {
      const env = { PORT: String(port), HEALTH_PORT: "0", LAME_DUCK: "0 seconds" }
      const server = program(start.slice(1), folder, env)
      await server.prints(/: listening/)
      return server
    }
    let instances = [await startOn(first), await startOn(second)]
    await balancer(
      new Map([
        ["8080", front],
        ["3001", first],
        ["3002", second]
      ])
    )
    while (!(await answers(front)));

    let going = true
    let answered = 0
    const lost: Array<string> = []
    const client = async (): Promise<void> => {
      while (going) {
        // POST is not idempotent, so nginx does not retry it if an instance may have received it.
        const method = answered % 2 === 0 ? "POST" : "GET"
        try {
          const response = await fetch(`http://127.0.0.1:${front}/`, { method })
          const text = await response.text()
          if (response.status === 200 && text === "hello\n") answered++
          else lost.push(`${method}: ${response.status}`)
        } catch (error) {
          lost.push(`${method}: ${String(error)}`)
        }
      }
    }
    const clients = Promise.all(Array.from({ length: 8 }, client))
    const more = async (count: number): Promise<void> => {
      const until = answered + count
      while (answered < until && lost.length === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await more(50)
    const replaced: Array<Program> = []
    for (const [index, port] of [first, second].entries()) {
      assert.strictEqual((await instances[index]!.stop("SIGTERM")).code, 0)
      replaced.push(await startOn(port))
      await more(50)
    }
    instances = replaced
    going = false
    await clients
    assert.deepStrictEqual(lost, [])
    for (const instance of instances) assert.strictEqual((await instance.stop("SIGTERM")).code, 0)
  })
})
