// supertest: an app on an ephemeral port; cookies kept by an agent, uploads, failing expectations.
import express from "express"
import multer from "multer"
import supertest from "supertest"
import { report } from "./tools.mjs"

const app = express()
app.get("/user", (_req, res) => res.json({ name: "ann" }))
app.get("/set", (_req, res) => res.cookie("id", "7").send("set"))
app.get("/get", (req, res) => res.send(req.headers.cookie ?? "none"))
app.post("/file", multer().single("it"), (req, res) => res.json({ size: req.file.size }))
const user = await supertest(app).get("/user").expect("Content-Type", /json/).expect(200)
report("user", user.body)
const agent = supertest.agent(app)
await agent.get("/set").expect(200)
report("cookie", (await agent.get("/get")).text)
report("file", (await supertest(app).post("/file").attach("it", Buffer.alloc(1234), "it.bin")).body)
report(
  "expectation",
  await supertest(app)
    .get("/user")
    .expect(404)
    .catch((error) => error.message)
)
report("missing", (await supertest(app).get("/none")).status)
