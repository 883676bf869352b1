// A local server that replaces the public sites of the suite's client tests, so that the tests have the same
// result everywhere.
import { once } from "node:events"
import { createServer } from "node:http"

const todo = { userId: 1, id: 1, title: "a todo", completed: false }

const answer = (request, response, body) => {
  const json = (status, value) => {
    const text = JSON.stringify(value)
    response.writeHead(status, { "content-type": "application/json", "content-length": text.length })
    response.end(request.method === "HEAD" ? undefined : text)
  }
  if (request.url === "/moved/") return response.writeHead(301, { location: "/google/" }).end()
  if (request.url === "/google/") return response.end("<title>Google</title>")
  if (request.url === "/todos/1") return json(200, todo)
  if (request.url === "/todos")
    return request.method === "POST" ? json(201, { ...JSON.parse(body), id: 201 }) : json(200, [todo])
  return response.writeHead(404).end()
}

/** Starts the server. Returns its URL, and a function that closes it. */
export const startOrigin = async () => {
  const server = createServer(async (request, response) => {
    let body = ""
    for await (const piece of request.setEncoding("utf8")) body += piece
    // Delay responses as a real site would, because one of the tests has a timeout of a millisecond.
    setTimeout(() => answer(request, response, body), 50)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${server.address().port}`, close }
}
