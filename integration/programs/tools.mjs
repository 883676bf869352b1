// Shared by the programs: a report of events, and servers on a free port of this machine.
import { once } from "node:events"
import http from "node:http"

/** Prints one event; two runs of a program are equal if all their events are. */
export const report = (what, value) => console.log(`${what}: ${JSON.stringify(value)}`)

export const listen = async (server) => {
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening")
  return server.address().port
}

export const serve = async (handler) => {
  const server = http.createServer(handler)
  const port = await listen(server)
  return { server, port, url: `http://127.0.0.1:${port}` }
}

export const text = async (stream) => {
  let all = ""
  for await (const chunk of stream) all += chunk
  return all
}

/** A request with the bare module: status, some headers, body. */
export const request = (url, options = {}, body = undefined) =>
  new Promise((resolve, reject) => {
    const req = http.request(url, options, (res) => {
      text(res).then((got) => resolve({ status: res.statusCode, headers: res.headers, body: got }), reject)
    })
    req.on("error", reject)
    req.end(body)
  })

export const close = (server) => {
  server.close()
  server.closeAllConnections?.()
}
