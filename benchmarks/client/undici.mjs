// The fastest way to use undici: `request` of a pool.
import { Pool } from "undici"
import { promises } from "./callbacks.mjs"

export const start = async (url) => {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections: 50 })
  const options = { path: pathname, method: "GET" }
  return promises(async () => (await pool.request(options)).body.text())
}
