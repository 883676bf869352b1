/**
 * docs/deployment.md as written: nginx in front of two servers, which are replaced one after the other under
 * load.
 */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it, onTestFinished } from "vitest"
import { freePort, hasNginx, startNginx } from "./nginx.js"
import { project } from "./programs.js"
import { blocksOf } from "./stranger.js"
import { program, root, type Program } from "./support.js"

if (!hasNginx) console.log("nginx is not installed: docs/deployment.md is run without it (guides.test.ts)")

const document = "docs/deployment.md"

const programs = async (): Promise<ReadonlyMap<string, string>> => {
  const shown = (await blocksOf(document)).filter(({ file }) => file !== undefined)
  return new Map(shown.map(({ file, text }) => [file!.replace(/\.ts$/, ""), text]))
}

/** The configuration of the page, with these ports in place of the ones it shows. */
const balancer = async (ports: ReadonlyMap<string, number>): Promise<void> => {
  const text = await readFile(join(root, document), "utf8")
  let http = /^```nginx\n(.*?)^```$/ms.exec(text)![1]!
  for (const [from, to] of ports) http = http.replaceAll(`:${from}`, `:${to}`)
  onTestFinished(await startNginx({ http }))
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`).then(
    (response) => response.ok,
    () => false
  )

describe(document, () => {
  it.runIf(hasNginx)("loses no request while both instances are replaced", async () => {
    const folder = await project(await programs())
    const [front, first, second] = [await freePort(), await freePort(), await freePort()]
    const start = async (port: number): Promise<Program> => {
      const server = program(["out/deployed.js"], folder, { PORT: String(port), LAME_DUCK: "0 seconds" })
      await server.prints(/Listening on/)
      return server
    }
    let instances = [await start(first), await start(second)]
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
        // Not idempotent: nginx does not retry it once an instance may have seen it.
        const method = answered % 2 === 0 ? "POST" : "GET"
        try {
          const response = await fetch(`http://127.0.0.1:${front}/`, { method })
          const text = await response.text()
          if (response.status === 200 && text === "hello") answered++
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
      replaced.push(await start(port))
      await more(50)
    }
    instances = replaced
    going = false
    await clients
    assert.deepStrictEqual(lost, [])
    for (const instance of instances) assert.strictEqual((await instance.stop("SIGTERM")).code, 0)
  })
})
