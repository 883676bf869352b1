// nock 14: replies through the native parser on a fake socket.
import http from "node:http"
import nock from "nock-14"
import { close, report, request, serve } from "./tools.mjs"

const { server, url } = await serve((_req, res) => void res.end("really there"))
nock.disableNetConnect()
nock("http://api.test")
  .get("/users")
  .query({ page: 2 })
  .reply(200, { users: ["ann"] }, { "X-Mock": "1" })
nock("http://api.test")
  .post("/users", { name: "bob" })
  .reply(201, (_uri, body) => ({ made: body.name }))
nock("http://api.test").get("/fail").replyWithError("socket trouble")
nock("http://api.test").get("/slow").delayConnection(1).reply(204)
const users = await request("http://api.test/users?page=2")
report("users", [users.status, users.headers["x-mock"], users.body])
const made = await request(
  "http://api.test/users",
  { method: "POST", headers: { "Content-Type": "application/json" } },
  '{"name":"bob"}'
)
report("made", [made.status, made.body])
report("fail", await request("http://api.test/fail").catch((error) => error.message))
report("slow", (await request("http://api.test/slow")).status)
report("unknown", await request("http://api.test/unknown").catch((error) => error.code))
nock.enableNetConnect("127.0.0.1")
report("through", (await request(url)).body)
report("done", nock.isDone())
nock.restore()
report("restored", [(await request(url)).body, typeof http.request])
close(server)
