// Requests by callbacks, on a module with the API of `node:http` and a keep-alive agent.
import { promises } from "./callbacks.mjs"

export const requests = ({ Agent, request }, url) => {
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
