/**
 * The demo as `npm start` runs it: the requests to its routes at start-up, requests of another client, and
 * its end by Ctrl-C.
 */
import { createHash } from "node:crypto"
import { ReadableStream } from "node:stream/web"
import { assert, describe, it } from "vitest"
import { program, root } from "./support.js"

const started = async () => {
  const demo = program(["examples/dist/demo/main.js"], root, { PORT: "0" })
  const [, url] = await demo.prints(/^Open (http:\/\/localhost:\d+) /m)
  return { demo, url: url! }
}

describe("the demo", () => {
  it("requests every route at start-up and prints the responses", async () => {
    const { demo } = await started()
    const { code, text } = await demo.stop("SIGINT")
    assert.strictEqual(code, 0)
    for (const line of [
      /GET \/ +200 text\/html/,
      /GET \/json +200 application\/json\n.*"message":"Hello, World!"/,
      /POST \/echo +200 text\/plain\n.*what goes in comes out/,
      /GET \/slow +200 text\/plain.*(\n.* ms {2}(one|two|three|four|five)){5}/,
      /POST \/upload +200 text\/plain(\n.*received \d+ bytes){3}\n.*sha256 [0-9a-f]{64} of 3145728 bytes/
    ]) {
      assert.match(text, line)
    }
  })

  it("reports an upload while it arrives", async () => {
    const { url } = await started()
    const part = new Uint8Array(600_000).fill(7)
    let sendRest: () => void = () => {}
    const rest = new Promise<void>((resolve) => (sendRest = resolve))
    async function* body() {
      yield part
      yield part
      await rest
      yield part
    }
    const init = { method: "POST", body: ReadableStream.from(body()), duplex: "half" } as RequestInit
    const response = await fetch(`${url}/upload`, init)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    // This line must arrive during the upload. Otherwise the test waits for it until its timeout.
    assert.match((await reader.read()).value ?? "", /^received 1\d{6} bytes\n$/)
    sendRest()
    let last = ""
    for (let read = await reader.read(); !read.done; read = await reader.read()) last += read.value
    const digest = createHash("sha256").update(part).update(part).update(part).digest("hex")
    assert.match(last, new RegExp(`sha256 ${digest} of 1800000 bytes\n$`))
  })

  it("completes an in-flight response when told to stop", async () => {
    const { demo, url } = await started()
    const response = await fetch(`${url}/slow`)
    const [{ code }, text] = await Promise.all([demo.stop("SIGINT"), response.text()])
    assert.strictEqual(text, "one\ntwo\nthree\nfour\nfive\n")
    assert.strictEqual(code, 0)
  })
})
