/**
 * The HTML page of the inspector. It fetches the state every second, and fetches the recorded bytes of an
 * exchange when the user clicks the exchange. The page works at any path, and never inserts received text as
 * markup.
 */
export const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="icon" href="data:," />
    <title>httpfx inspector</title>
    <style>
      :root { color-scheme: light dark }
      body { margin: 1rem 1.5rem; font: 0.9rem/1.5 system-ui, sans-serif; color: CanvasText; background: Canvas }
      h1 { margin: 0; font-size: 1.2rem; overflow-wrap: anywhere }
      h2 { margin: 1.5rem 0 0.3rem; font-size: 1rem }
      p { margin: 0.3rem 0 }
      section { min-width: 0 }
      .table { overflow-x: auto }
      table { border-collapse: collapse; width: 100%; font-family: ui-monospace, monospace; font-size: 0.8rem; font-variant-numeric: tabular-nums }
      th, td { padding: 0.2rem 1rem 0.2rem 0; border-bottom: 1px solid color-mix(in srgb, CanvasText 15%, Canvas); text-align: left; white-space: nowrap }
      th { font-weight: 600 }
      main { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.5rem; align-items: start }
      pre { position: sticky; top: 1rem; box-sizing: border-box; margin: 0; padding: 0.8rem; max-height: calc(100vh - 2rem); overflow: auto; border-radius: 0.4rem; background: color-mix(in srgb, CanvasText 6%, Canvas); font-size: 0.78rem; white-space: pre-wrap; overflow-wrap: anywhere }
      @media (max-width: 70rem) {
        main { grid-template-columns: minmax(0, 1fr) }
        pre { top: auto; bottom: 0.5rem; max-height: 45vh; border: 1px solid color-mix(in srgb, CanvasText 30%, Canvas) }
      }
      button { max-width: min(17rem, 45vw); overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; font: inherit; border: 0; padding: 0; background: none; color: LinkText; cursor: pointer; text-decoration: underline }
      button[aria-pressed="true"] { font-weight: 600 }
      .bad { color: #c62828; color: light-dark(#c62828, #ff8a80) }
      .lost main { opacity: 0.5 }
    </style>
  </head>
  <body>
    <h1 id="title">…</h1>
    <p id="timeouts"></p>
    <main>
      <section>
        <h2>Connections</h2>
        <div class="table"><table id="connections"></table></div>
        <h2>Exchanges</h2>
        <div class="table"><table id="exchanges"></table></div>
        <div id="agents"></div>
      </section>
      <pre id="wire">Click an exchange to see its wire.</pre>
    </main>
    <script>
      const base = location.pathname.replace(/\\/$/, "")
      const at = (id) => document.getElementById(id)
      const write = (element, text) => {
        if (element.textContent !== text) element.textContent = text
      }

      // Keep the elements and change only their text, so that a click, a selection and the focus survive each
      // refresh.
      const put = (cell, content) => {
        const { text, path, isBad = false } = content instanceof Object ? content : { text: String(content ?? "–") }
        if (path === undefined) {
          cell.querySelector("button")?.remove()
          write(cell, text)
        } else {
          const button = cell.querySelector("button") ?? document.createElement("button")
          if (!cell.contains(button)) cell.replaceChildren(button)
          write(button, text)
          button.title = text
          button.dataset.path = path
          button.setAttribute("aria-pressed", String(path === shown))
        }
        cell.className = isBad ? "bad" : ""
      }
      const fill = (table, head, lines) => {
        while (table.rows.length > lines.length + 1) table.deleteRow(-1)
        for (const [index, line] of [head, ...lines].entries()) {
          const row = table.rows[index] ?? table.insertRow()
          for (const [column, content] of line.entries()) {
            put(row.cells[column] ?? row.appendChild(document.createElement(index === 0 ? "th" : "td")), content)
          }
        }
      }

      const request = ({ method, target }) => (method === undefined ? "no request" : method + " " + target)
      const limit = ([name, value]) =>
        name + " " + (name === "progressBytes" ? value + " bytes" : value === 0 ? "none" : value / 1000 + " s")
      const counts = (record) => Object.entries(record).map(([name, count]) => name + " " + count).join(", ")

      const connectionLine = (c) => {
        const { now } = c
        const doing = now && { text: request(now) + ", " + (now.since / 1000).toFixed(1) + " s", path: "/wire/" + c.connection + "/" + now.exchange }
        return [c.connection, c.remote, (c.age / 1000).toFixed(1) + " s", c.exchanges, c.bytesIn, c.bytesOut, doing ?? "idle"]
      }
      const exchangeLine = (e) => {
        const path = e.wire ? "/wire/" + e.connection + "/" + e.exchange : undefined
        const outcome = { text: e.outcome, isBad: e.outcome !== "Answered" }
        return [{ text: request(e), path }, e.status, outcome, e.duration, e.bytesIn, e.bytesOut, e.connection + "." + e.exchange]
      }
      const agentPart = ({ name, open, idle, connecting, queued, keys, closed }) => {
        const title = document.createElement("h2")
        title.textContent = name + ": " + open + " open, " + idle + " idle, " + connecting + " connecting, " + queued + " waiting"
        const frame = document.createElement("div")
        frame.className = "table"
        const table = frame.appendChild(document.createElement("table"))
        fill(table, ["host", "open", "idle", "waiting"], Object.entries(keys).map(([key, k]) => [key, k.open, k.idle, k.queued]))
        const past = document.createElement("p")
        past.textContent = Object.keys(closed).length === 0 ? "" : "closed: " + counts(closed)
        return [title, frame, past]
      }
      const show = ({ server, connections, exchanges, agents }) => {
        write(at("title"), server.address + ": " + server.state)
        write(at("timeouts"), Object.entries(server.timeouts).map(limit).join(", "))
        fill(at("connections"), ["connection", "client", "open", "exchanges", "bytes in", "out", "now"], connections.map(connectionLine))
        fill(at("exchanges"), ["request", "status", "outcome", "ms", "bytes in", "out", "connection"], exchanges.map(exchangeLine))
        at("agents").replaceChildren(...agents.flatMap(agentPart))
      }

      let shown
      const showWire = async (path) => {
        const isNew = path !== shown
        shown = path
        for (const button of document.querySelectorAll("button")) {
          button.setAttribute("aria-pressed", String(button.dataset.path === path))
        }
        const response = await fetch(base + path)
        const text = await response.text()
        // Keep the text on the page after the server has dropped it.
        if (path === shown && (isNew || response.ok)) write(at("wire"), text)
      }
      document.addEventListener("click", ({ target }) => target.dataset.path !== undefined && showWire(target.dataset.path))
      const look = async () => {
        try {
          show(await (await fetch(base + "/state")).json())
          if (shown !== undefined) await showWire(shown)
          document.body.classList.remove("lost")
        } catch {
          document.body.classList.add("lost")
          write(at("title"), "The server no longer responds.")
        }
        setTimeout(look, 1000)
      }
      look()
    </script>
  </body>
</html>
`
