// undici's `request`, on its global dispatcher with as many connections as the others have.
import { Agent, request } from "undici"
import { promises } from "./callbacks.mjs"

export const start = async (url) => {
  const dispatcher = new Agent({ connections: 50 })
  return promises(async () => (await request(url, { dispatcher })).body.text())
}
