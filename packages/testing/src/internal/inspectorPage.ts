/** The page of the inspector: asks for the state once a second, and for the wire of what is clicked. Shows text, never markup. */
export const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="icon" href="data:," />
    <title>httpfx inspector</title>
    <style>
      :root { color-scheme: light dark }
      body { margin: 1.5rem; font: 0.9rem/1.5 system-ui, sans-serif; color: CanvasText; background: Canvas }
      h1 { margin: 0; font-size: 1.2rem }
      h2 { margin: 1.5rem 0 0.3rem; font-size: 1rem }
      table { border-collapse: collapse; width: 100%; font-family: ui-monospace, monospace; font-size: 0.8rem }
      th, td { padding: 0.2rem 0.6rem; border-bottom: 1px solid color-mix(in srgb, CanvasText 15%, Canvas); text-align: left; white-space: nowrap }
      th { font-weight: 600 }
      td.wide { white-space: normal; overflow-wrap: anywhere; width: 40% }
      main { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.5rem }
      @media (max-width: 70rem) { main { grid-template-columns: minmax(0, 1fr) } }
      pre { position: sticky; top: 1rem; margin: 0; padding: 0.8rem; max-height: 85vh; overflow: auto; border-radius: 0.4rem; background: color-mix(in srgb, CanvasText 6%, Canvas); font-size: 0.78rem; white-space: pre-wrap; overflow-wrap: anywhere }
      button { font: inherit; border: 0; padding: 0; background: none; color: LinkText; cursor: pointer; text-decoration: underline }
      .bad { color: #c62828 }
      .lost { opacity: 0.5 }
    </style>
  </head>
  <body>
    <h1 id="title">…</h1>
    <p id="timeouts"></p>
    <main>
      <section>
        <h2>Connections</h2>
        <table id="connections"></table>
        <h2>Exchanges</h2>
        <table id="exchanges"></table>
        <div id="agents"></div>
      </section>
      <pre id="wire" aria-live="polite">Click an exchange to see its wire.</pre>
    </main>
    <script>
      const at = (id) => document.getElementById(id)
      const cell = (content, name = "td") => {
        const element = document.createElement(name)
        if (content instanceof Node) element.append(content)
        else element.textContent = content ?? "–"
        return element
      }
      const rows = (table, head, lines) => {
        const all = [head, ...lines].map((line, index) => {
          const row = document.createElement("tr")
          row.append(...line.map((content) => cell(content, index === 0 ? "th" : "td")))
          return row
        })
        table.replaceChildren(...all)
      }
      const shown = { path: undefined }
      const showWire = async (path) => {
        shown.path = path
        at("wire").textContent = await (await fetch(path)).text()
      }
      const link = (text, connection, exchange) => {
        const button = document.createElement("button")
        button.textContent = text
        button.onclick = () => showWire("/wire/" + connection + "/" + exchange)
        return button
      }
      const request = ({ method, target }) => (method ?? "?") + " " + (target ?? "?")
      const outcome = (name) => {
        const element = document.createElement("span")
        element.textContent = name
        if (name !== "Answered") element.className = "bad"
        return element
      }
      const show = ({ server, connections, exchanges, agents }) => {
        at("title").textContent = server.address + ": " + server.state
        at("timeouts").textContent = Object.entries(server.timeouts).map(([name, ms]) => name + " " + ms).join(", ")
        rows(at("connections"), ["connection", "client", "open", "exchanges", "in", "out", "now"],
          connections.map((c) => [c.connection, c.remote, (c.age / 1000).toFixed(1) + " s", c.exchanges, c.bytesIn, c.bytesOut,
            c.now === undefined ? "idle" : link(request(c.now) + ", " + c.now.since + " ms", c.connection, c.now.exchange)]))
        rows(at("exchanges"), ["request", "status", "outcome", "ms", "in", "out", "connection"],
          exchanges.map((e) => [e.wire ? link(request(e), e.connection, e.exchange) : request(e), e.status, outcome(e.outcome),
            e.duration.toFixed(1), e.bytesIn, e.bytesOut, e.connection + "." + e.exchange]))
        at("agents").replaceChildren(...agents.flatMap((agent) => {
          const title = cell(agent.name + ": " + agent.open + " open, " + agent.idle + " idle, " + agent.connecting + " connecting, " + agent.queued + " waiting", "h2")
          const table = document.createElement("table")
          rows(table, ["host", "open", "idle", "waiting"],
            Object.entries(agent.keys).map(([key, k]) => [key, k.open, k.idle, k.queued]))
          return [title, table]
        }))
      }
      const look = async () => {
        try {
          show(await (await fetch("/state")).json())
          document.body.classList.remove("lost")
        } catch {
          document.body.classList.add("lost")
        }
        setTimeout(look, 1000)
      }
      look()
    </script>
  </body>
</html>
`
