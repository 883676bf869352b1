// A server in another process refuses an upload and closes the connection while the client is still writing.
// The caller must get every response.
import { spawn } from "node:child_process"
import { assert, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { NodeHttpClient } from "@httpfx/node"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

// The server responds to the first bytes and closes without reading further, so its kernel sends RST for the
// rest.
const script = `
const net = require("node:net")
const answer = "HTTP/1.1 413 Payload Too Large\\r\\nConnection: close\\r\\nContent-Length: 9\\r\\n\\r\\ntoo large"
const server = net.createServer((socket) => {
  socket.on("error", () => {})
  socket.once("data", () => {
    socket.pause()
    socket.write(answer, () => socket.destroy())
  })
})
server.listen(0, "127.0.0.1", () => process.stdout.write(String(server.address().port)))
`

const refusing = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly stop: () => void }>((resume) => {
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] })
    child.stdout.once("data", (port: Buffer) =>
      resume(Effect.succeed({ port: Number(port), stop: () => void child.kill() }))
    )
  }),
  ({ stop }) => Effect.sync(stop)
)

const requests = 400
const chunk = new Uint8Array(64 * 1024)
const body = Stream.range(1, 8).pipe(Stream.map(() => chunk))

it.scopedLive(
  "413 and a close during an upload: 400 of 400 responses reach the caller",
  () =>
    Effect.gen(function* () {
      const { port } = yield* refusing
      const answers = yield* Effect.forEach(
        Array.from({ length: requests }),
        () =>
          Client.request({ url: `http://127.0.0.1:${port}/`, method: "POST", body }).pipe(
            Effect.flatMap((response) => Effect.map(response.text, (text) => `${response.status} ${text}`)),
            Effect.catchAll((error) => Effect.succeed(`${error._tag}: ${error.message}`))
          ),
        { concurrency: 20 }
      )
      const counts: Record<string, number> = {}
      for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1
      assert.deepStrictEqual(counts, { "413 too large": requests })
    }).pipe(Effect.provide(NodeHttpClient.layer)),
  30_000
)
