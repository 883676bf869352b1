// vite's dev server on a folder: the page, a transformed module, unchanged files, the proxy, the socket for
// hot updates.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createServer } from "vite"
import { WebSocket } from "ws"
import { once } from "node:events"
import { close, report, request, serve } from "./tools.mjs"

const root = mkdtempSync(join(tmpdir(), "vite-"))
writeFileSync(join(root, "index.html"), '<!doctype html><script type="module" src="/main.ts"></script>')
writeFileSync(
  join(root, "main.ts"),
  'import "./style.css"\nexport const name: string = import.meta.env.MODE\n'
)
writeFileSync(join(root, "style.css"), "p { color: red }\n")
const behind = await serve(
  (req, res) => void res.writeHead(203, { "X-Behind": "1" }).end(`behind ${req.url}`)
)
const vite = await createServer({
  root,
  configFile: false,
  logLevel: "silent",
  appType: "spa",
  cacheDir: join(root, "cache"),
  optimizeDeps: { noDiscovery: true, include: [] },
  server: { host: "127.0.0.1", port: 0, watch: null, proxy: { "/api": { target: behind.url } } },
  plugins: [
    {
      name: "middleware",
      configureServer: ({ middlewares }) =>
        void middlewares.use("/mine", (req, res) => void res.setHeader("X-Mine", "1").end(`mine ${req.url}`))
    }
  ]
})
await vite.listen()
const url = `http://127.0.0.1:${vite.httpServer.address().port}`
const page = await request(`${url}/`, { headers: { Accept: "text/html" } })
report("page", [
  page.status,
  page.headers["content-type"],
  page.body.includes("/@vite/client"),
  page.body.includes("/main.ts")
])
const main = await request(`${url}/main.ts`)
report("module", [
  main.status,
  main.headers["content-type"],
  main.body.includes(": string"),
  main.body.includes('"/style.css"')
])
const same = await request(`${url}/main.ts`, { headers: { "If-None-Match": main.headers.etag } })
report("not modified", [same.status, same.body])
const style = await request(`${url}/style.css`, { headers: { Accept: "text/css" } })
report("style", [style.headers["content-type"], style.body])
report("style as a module", (await request(`${url}/style.css?import`)).body.includes("updateStyle"))
report("client", (await request(`${url}/@vite/client`)).status)
report("missing", (await request(`${url}/missing.js`, { headers: { Accept: "text/javascript" } })).status)
report(
  "any page",
  (await request(`${url}/some/page`, { headers: { Accept: "text/html" } })).body === page.body
)
const proxied = await request(`${url}/api/x?y=1`)
report("proxy", [proxied.status, proxied.headers["x-behind"], proxied.body])
report("nothing behind", await (close(behind.server), request(`${url}/api/x`)).then(({ status }) => status))
const mine = await request(`${url}/mine/a`)
report("middleware", [mine.headers["x-mine"], mine.body])
const socket = new WebSocket(`${url.replace("http", "ws")}/?token=${vite.config.webSocketToken}`, "vite-hmr")
const [connected] = await once(socket, "message")
report("socket", JSON.parse(connected))
const [[update]] = await Promise.all([
  once(socket, "message"),
  vite.ws.send({ type: "full-reload", path: "/main.ts" })
])
report("update", JSON.parse(update))
const ended = once(socket, "close")
await vite.close()
await ended
report("closed", vite.httpServer.listening)
rmSync(root, { recursive: true })
