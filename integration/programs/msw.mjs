// msw: requests of http, of an agent and of fetch, handled in this process or passed on to a real server.
import http from "node:http"
import { http as mock, HttpResponse, delay, passthrough } from "msw"
import { setupServer } from "msw/node"
import { close, report, request, serve, text } from "./tools.mjs"

const real = await serve(async (req, res) => {
  res
    .writeHead(202, { "X-Real": req.headers["x-a"] ?? "none" })
    .end(`really ${req.method} ${await text(req)}`)
})
const failure = (promise) =>
  promise.then(
    ({ status }) => status,
    (error) => [error.name, error.code]
  )
const seen = []
console.error = (said) => report("console.error", String(said.message ?? said).split("\n")[0])
const msw = setupServer(
  mock.get("http://api.test/users/:id", ({ params, request: asked }) =>
    HttpResponse.json(
      { id: params.id, page: new URL(asked.url).searchParams.get("page") },
      { headers: { "X-Mock": "1" } }
    )
  ),
  mock.post("http://api.test/users", async ({ request: asked }) =>
    HttpResponse.json({ made: await asked.json(), type: asked.headers.get("content-type") }, { status: 201 })
  ),
  mock.get("http://api.test/stream", () => {
    const parts = ["one ", "two ", "three"]
    return new HttpResponse(
      new ReadableStream({
        pull(controller) {
          if (parts.length === 0) return controller.close()
          controller.enqueue(new TextEncoder().encode(parts.shift()))
        }
      })
    )
  }),
  mock.get("http://api.test/cookies", () => {
    const headers = new Headers()
    headers.append("Set-Cookie", "a=1")
    headers.append("Set-Cookie", "b=2")
    return new HttpResponse(null, { status: 204, headers })
  }),
  mock.get("http://api.test/fail", () => HttpResponse.error()),
  mock.get("http://api.test/throw", () => {
    throw new Error("by a handler")
  }),
  mock.get("http://api.test/late", async () => {
    await delay(5)
    return HttpResponse.text("late")
  }),
  mock.all(`${real.url}/through`, () => passthrough()),
  mock.get(`${real.url}/mocked`, () => HttpResponse.text("mocked"))
)
msw.events.on("response:mocked", ({ request: asked }) =>
  seen.push(`mocked ${asked.method} ${new URL(asked.url).pathname}`)
)
msw.events.on("response:bypass", ({ request: asked }) =>
  seen.push(`real ${asked.method} ${new URL(asked.url).pathname}`)
)
msw.listen({
  onUnhandledRequest: (asked, print) => new URL(asked.url).pathname === "/unknown" && print.error()
})
const told = ({ status, headers, body }) => [status, headers["x-mock"] ?? headers["x-real"], body]
report("user", told(await request("http://api.test/users/7?page=2")))
const json = { method: "POST", headers: { "Content-Type": "application/json" } }
report("made", told(await request("http://api.test/users", json, '{"name":"bob"}')))
report("stream", (await request("http://api.test/stream")).body)
const cookies = await request("http://api.test/cookies")
report("cookies", [cookies.status, cookies.headers["set-cookie"]])
report("late", (await request("http://api.test/late")).body)
report("fail", await failure(request("http://api.test/fail")))
report("thrown", await failure(request("http://api.test/throw")))
report(
  "through",
  told(await request(`${real.url}/through`, { method: "PUT", headers: { "X-A": "a" } }, "body"))
)
report("not handled", told(await request(`${real.url}/other`)))
report("mocked", (await request(`${real.url}/mocked`)).body)
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
const shared = []
for (const path of ["through", "mocked", "other", "through"])
  shared.push((await request(`${real.url}/${path}`, { agent })).body)
report("an agent", shared)
const streamed = http.request(`${real.url}/through`, { method: "POST", agent })
streamed.write("in ")
streamed.write("parts")
report(
  "written in parts",
  await new Promise((resolve) => streamed.on("response", (res) => resolve(text(res))).end())
)
msw.use(mock.get("http://api.test/users/:id", () => new HttpResponse(null, { status: 410 }), { once: true }))
report("once", [
  (await request("http://api.test/users/1")).status,
  (await request("http://api.test/users/1")).status
])
report("fetch", await (await fetch("http://api.test/users/9")).json())
while (seen.length < 17) await new Promise((resolve) => setImmediate(resolve))
report("seen", seen.sort())
msw.close()
report("closed", [(await request(`${real.url}/mocked`, { agent })).body, typeof http.request])
agent.destroy()
close(real.server)
