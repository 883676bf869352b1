/**
 * A real browser with our server: the pages of the examples, WebSockets, server-sent events and the
 * inspector. Skipped unless Chromium is installed (`CHROMIUM`, or one of the usual paths).
 */
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Server, ServerSentEvents } from "@httpfx/core"
import { NodeHttpServer, NodeNetwork } from "@httpfx/node"
import { Inspector } from "@httpfx/testing/tools"
import { Effect, Layer, ManagedRuntime, Option, Stream } from "effect"
import { existsSync } from "node:fs"
import * as net from "node:net"
import { join } from "node:path"
import { chromium, type Page } from "playwright-core"
import { assert, describe, it, onTestFinished } from "vitest"
import { program, root, temporaryFolder } from "./support.js"

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
  // Disable the page's own limit, because the limit of the test applies.
  page.setDefaultTimeout(0)
  await page.goto(url)
  return page
}

describe(executablePath === undefined ? "Chromium, which is not installed here" : "Chromium", () => {
  it.skipIf(executablePath === undefined)(
    "calls an operation of an HttpApi from its Swagger page",
    async () => {
      const example = program(["examples/dist/shortener/main.js"], root, {
        PORT: "0",
        ADMIN_PORT: "0",
        DATABASE: join(temporaryFolder(), "links.db")
      })
      const [, port] = await example.prints(/Listening on http:\/\/[^:]+:(\d+)/)
      const page = await opened(`http://127.0.0.1:${port}/`)
      assert.match(page.url(), /\/docs$/)
      const operation = page.locator(".opblock-post")
      await operation.locator(".opblock-summary-control").click()
      await operation.getByRole("button", { name: "Try it out" }).click()
      await operation.locator("textarea").fill('{"target":"https://example.org/","slug":"from-browser"}')
      await operation.getByRole("button", { name: "Execute" }).click()
      const answer = operation.locator(".live-responses-table")
      await answer.waitFor()
      assert.match(await answer.locator("tbody td.response-col_status").first().innerText(), /^201/)
      assert.include(await answer.innerText(), '"slug": "from-browser"')
      const picture = process.env["SCREENSHOT"]
      if (picture !== undefined) await page.screenshot({ path: picture, fullPage: true })

      const links = (await (await fetch(`http://127.0.0.1:${port}/api/links`)).json()) as Array<object>
      assert.lengthOf(links, 1)
      assert.deepInclude(links[0], { slug: "from-browser", target: "https://example.org/", clicks: 0 })
    }
  )

  it.skipIf(executablePath === undefined)("gets echoes on a WebSocket", async () => {
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
    // This function runs in the page.
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

  it.skipIf(executablePath === undefined)("reads events, and reconnects with the last event id", async () => {
    const events = Effect.gen(function* () {
      const last = yield* ServerSentEvents.lastEventId
      if (Option.contains(last, "ä2")) return HttpServerResponse.empty()
      return yield* Option.match(last, {
        onNone: () =>
          ServerSentEvents.response(
            Stream.make({ data: "a\nb" }, { id: "ä1", event: "tick", data: "€" }, { comment: "nothing" }),
            { retry: 10 }
          ),
        onSome: (id) => ServerSentEvents.response(Stream.make({ id: "ä2", data: `after ${id}` }))
      })
    })
    const router = HttpRouter.empty.pipe(
      HttpRouter.get("/", HttpServerResponse.html("<title>events</title>")),
      HttpRouter.get("/events", events)
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
    // This function runs in the page.
    const seen = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const said: Array<unknown> = []
          const source = new EventSource("/events")
          const hear = ({ data, lastEventId, type }: MessageEvent) => said.push([type, data, lastEventId])
          source.onmessage = hear
          source.addEventListener("tick", hear)
          source.onerror = () => {
            if (source.readyState === EventSource.CLOSED) resolve(said)
          }
        })
    )
    assert.deepStrictEqual(seen, [
      ["message", "a\nb", ""],
      ["tick", "€", "ä1"],
      ["message", "after ä1", "ä2"]
    ])
  })

  it.skipIf(executablePath === undefined)(
    "chats, keeps unsent text, and reconnects to the next server",
    async () => {
      const run = async (env: Readonly<Record<string, string>>) => {
        const example = program(["examples/dist/chat/main.js"], root, env)
        const [, port] = await example.prints(/Listening on http:\/\/[^:]+:(\d+)/)
        return { example, port: port! }
      }
      const { example, port } = await run({ PORT: "0" })
      const page = await opened(`http://127.0.0.1:${port}/`)
      const say = async (text: string) => {
        await page.getByLabel("Message").fill(text)
        await page.getByRole("button", { name: "Send" }).click()
      }
      await page.getByText(/^You are guest/).waitFor()
      for (let n = 1; n <= 40; n++) await say(`line ${n}`)
      await page.getByText("line 40").waitFor()
      // Both the newest line and the input must be visible.
      assert.isTrue(
        await page.evaluate(
          () => document.querySelector("li:last-child")!.getBoundingClientRect().bottom < innerHeight
        )
      )
      await example.stop("SIGINT")
      await page.getByText(/^Not connected/).waitFor()
      await say("still here")
      await run({ PORT: port })
      await page.getByText(/^You are guest/).waitFor()
      await page.getByRole("button", { name: "Send" }).click()
      await page.getByText(/^guest \d+: still here$/).waitFor()
    }
  )

  it.skipIf(executablePath === undefined)(
    "uploads files one after the other, and shows what the server received",
    async () => {
      const example = program(["examples/dist/upload/main.js"], root, { PORT: "0" })
      const [, port] = await example.prints(/Listening on http:\/\/[^:]+:(\d+)/)
      const page = await opened(`http://127.0.0.1:${port}/`)
      const file = (name: string, size: number) => ({
        name,
        mimeType: "application/octet-stream",
        buffer: Buffer.alloc(size, 7)
      })
      for (const size of [3_000_000, 2]) {
        await page.getByLabel("Files").setInputFiles([file("a.bin", size), file("b.bin", 1)])
        await page.getByText(`a.bin: ${size} bytes received`).waitFor()
      }
    }
  )

  it.skipIf(executablePath === undefined)(
    "shows the inspector below a path, and follows an exchange in flight",
    async () => {
      const echo = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
        HttpServerResponse.stream(request.stream)
      )
      const app = Layer.unwrapScoped(
        Effect.map(Inspector.make(), (inspection) =>
          HttpServer.serve(
            HttpRouter.empty.pipe(
              HttpRouter.mountApp("/inspect", Inspector.app(inspection)),
              HttpRouter.all("*", echo)
            )
          )
        )
      ).pipe(
        Layer.provideMerge(
          Layer.merge(Server.layer({ host: "127.0.0.1", port: 0 }), NodeHttpServer.layerContext)
        ),
        Layer.provide(Inspector.layerTap()),
        Layer.provide(NodeNetwork.layer)
      )
      const runtime = ManagedRuntime.make(app)
      onTestFinished(() => runtime.dispose())
      const { address } = await runtime.runPromise(Server.Server)
      assert(address._tag === "TcpAddress")
      const url = `http://127.0.0.1:${address.port}`
      const socket = net.connect(address.port, "127.0.0.1")
      onTestFinished(() => void socket.destroy())
      socket.write(`POST /${"long/".repeat(60)} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\none`)

      const page = await opened(`${url}/inspect`)
      await page.locator("#connections button", { hasText: "POST /long/" }).click()
      const wire = page.locator("#wire")
      await wire.getByText("(3 bytes) one").waitFor()
      socket.write("two")
      await wire.getByText("two").waitFor()
      socket.write("end")
      const over = page.locator("#exchanges button", { hasText: "POST /long/" })
      await over.waitFor()
      await wire.getByText("end").waitFor()
      assert.isAtMost(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0)
    }
  )
})
