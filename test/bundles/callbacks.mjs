// A hello server of the callback API, as a user would bundle it.
import http from "@httpfx/node/http"

const server = http.createServer((_req, res) => res.end("hello"))
server.listen(0, "127.0.0.1", () => console.log(`listening on 127.0.0.1:${server.address().port}`))
