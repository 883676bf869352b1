// The key and the certificate of the tests' server.
import { readFileSync } from "node:fs"

const file = (name) =>
  readFileSync(new URL(`../../packages/node/test/fixtures/${name}.pem`, import.meta.url), "utf8")

export const tls = { key: file("server-key"), cert: file("server") }
