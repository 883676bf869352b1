/** The steps of docs/migration-node-http.md: the service of each is run as it stands there, and answers the same. */
import { request } from "node:http"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { blocksOf, project, test } from "./programs.js"
import { program, root } from "./support.js"

const page = "docs/migration-node-http.md"
const blocks = await blocksOf(page)

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly text: string
}

const ask = (port: number, method: string, path: string, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const req = request({ port, host: "127.0.0.1", method, path, agent: false }, (res) => {
      let text = ""
      res.on("data", (chunk) => (text += chunk))
      res.on("end", () => resolve({ status: res.statusCode, type: res.headers["content-type"], text }))
    })
    req.on("error", reject)
    req.end(body)
  })

const steps: Readonly<Record<string, ReadonlyArray<string>>> = {
  "as it was": ["out/service.js"],
  "step 1": ["--import", "@httpfx/node/register", "out/service.js"],
  "step 2": ["out/service-by-name.js"],
  "step 3": ["out/service-with-effect.js"],
  "step 4": ["out/service-in-effect.js"]
}

const answersOf = async (port: number) => {
  const body = "x".repeat(100_000)
  const echoed = await ask(port, "POST", "/echo", body)
  return {
    users: await ask(port, "GET", "/users"),
    none: await ask(port, "GET", "/none"),
    echoed: echoed.text === body
  }
}

const expected = {
  users: { status: 200, type: "application/json", text: `[{"name":"Ada"}]` },
  none: { status: 404, type: undefined, text: "no such page" },
  echoed: true
}

describe(page, { timeout: 180_000 }, () => {
  it("has only blocks that are tested here, and the command of the first step", async () => {
    const named = [
      "app",
      "service",
      "service-by-name",
      "service-with-effect",
      "service-in-effect",
      "service.test"
    ]
    assert.deepStrictEqual([...blocks.keys()], named)
    const command = "node --import @httpfx/node/register service.js"
    assert.include(await readFile(join(root, page), "utf8"), `\n${command}\n`)
  })

  it("every step answers the same, and the test of step 6 passes", async () => {
    const folder = await project(blocks)
    for (const [step, args] of Object.entries(steps)) {
      const service = program(args, folder, { PORT: "0" })
      const [, port] = await service.prints(/port: (\d+)/)
      assert.deepStrictEqual(await answersOf(Number(port)), expected, step)
      await service.stop("SIGTERM")
    }
    assert.match(await test(folder, ["service.test"]), /1 passed/)
  })
})
