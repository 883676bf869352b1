/**
 * A real browser on our server, where Chromium is installed (`CHROMIUM`, or a usual place; elsewhere the tests say that they were
 * skipped): the Swagger page of an example, an operation called from it, and WebSockets.
 */
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@httpfx/node"
import { Effect, Layer, ManagedRuntime } from "effect"
import { existsSync } from "node:fs"
import { chromium, type Page } from "playwright-core"
import { assert, describe, it, onTestFinished } from "vitest"
import { program, root } from "./support.js"

const places = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
]
const executablePath = places.find((place) => existsSync(place))

const opened = async (url: string): Promise<Page> => {
  const browser = await chromium.launch({ executablePath: executablePath!, args: ["--no-sandbox"] })
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.goto(url)
  return page
}

describe(executablePath === undefined ? "Chromium, which is not installed here" : "Chromium", () => {
  it.skipIf(executablePath === undefined)(
    "calls an operation of an HttpApi from its Swagger page",
    { timeout: 90_000 },
    async () => {
      const example = program(["examples/dist/json-api/main.js"], root, { PORT: "0" })
      const [, port] = await example.prints(/Listening on http:\/\/[^:]+:(\d+)/)
      const page = await opened(`http://127.0.0.1:${port}/docs`)

      const operation = page.locator(".opblock-post")
      await operation.locator(".opblock-summary-control").click()
      await operation.getByRole("button", { name: "Try it out" }).click()
      await operation.locator("textarea").fill('{"text":"from the browser"}')
      await operation.getByRole("button", { name: "Execute" }).click()
      const answer = operation.locator(".live-responses-table")
      await answer.waitFor()
      assert.match(await answer.locator("tbody td.response-col_status").first().innerText(), /^201/)
      assert.include(await answer.innerText(), '"text": "from the browser"')
      const picture = process.env["SCREENSHOT"]
      if (picture !== undefined) await page.screenshot({ path: picture, fullPage: true })

      const notes = await fetch(`http://127.0.0.1:${port}/notes`)
      assert.deepStrictEqual(await notes.json(), [{ id: 1, text: "from the browser" }])
    }
  )

  it.skipIf(executablePath === undefined)("has its WebSocket echoed", { timeout: 90_000 }, async () => {
    const echo = HttpServerRequest.upgrade.pipe(
      Effect.flatMap((socket) =>
        Effect.scoped(Effect.flatMap(socket.writer, (write) => socket.runRaw((message) => write(message))))
      ),
      Effect.as(HttpServerResponse.empty())
    )
    const router = HttpRouter.empty.pipe(
      HttpRouter.get("/", HttpServerResponse.html("<title>echo</title>")),
      HttpRouter.get("/echo", echo)
    )
    const server = Layer.provideMerge(
      HttpServer.serve(router),
      NodeHttpServer.layer({ host: "127.0.0.1", port: 0 })
    )
    const runtime = ManagedRuntime.make(server)
    onTestFinished(() => runtime.dispose())
    const { address } = await runtime.runPromise(HttpServer.HttpServer)
    assert(address._tag === "TcpAddress")

    const page = await opened(`http://127.0.0.1:${address.port}/`)
    // Runs in the page.
    const seen = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const said: Array<unknown> = []
          const socket = new WebSocket(location.href.replace("http", "ws") + "echo")
          socket.binaryType = "arraybuffer"
          const large = "ä".repeat(200_000)
          socket.onopen = () => socket.send("hello")
          socket.onmessage = ({ data }) => {
            if (data === "hello") {
              said.push(data)
              socket.send(new Uint8Array([1, 2, 3]))
            } else if (data instanceof ArrayBuffer) {
              said.push([...new Uint8Array(data)])
              socket.send(large)
            } else {
              said.push(data === large)
              socket.close(1000, "enough")
            }
          }
          socket.onclose = ({ code, wasClean }) => resolve([...said, code, wasClean])
        })
    )
    assert.deepStrictEqual(seen, ["hello", [1, 2, 3], true, 1000, true])
  })
})
