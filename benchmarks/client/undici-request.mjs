// undici's `request` with its global dispatcher, which has as many connections as the other contestants.
import { Agent, request } from "undici"
import { promises } from "./callbacks.mjs"

export const start = async (url) => {
  const dispatcher = new Agent({ connections: 50 })
  return promises(async () => (await request(url, { dispatcher })).body.text())
}
