// The baseline: `http.request` with an agent that keeps connections.
import { Agent, request } from "node:http"
import { promises } from "./callbacks.mjs"

export const start = async (url) => {
  const agent = new Agent({ keepAlive: true })
  return promises(
    () =>
      new Promise((resolve, reject) => {
        request(url, { agent }, (response) => {
          let text = ""
          response.setEncoding("utf8")
          response.on("data", (piece) => (text += piece))
          response.on("end", () => resolve(text))
          response.on("error", reject)
        })
          .on("error", reject)
          .end()
      })
  )
}
