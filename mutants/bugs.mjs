// All planted bugs. Each is a patch of one place (or two) in the sources: `find` stands in `file` once,
// `nets` are the test files that claim to see it, `harm` is what a user would see. One that no test can see
// has `survives`, with the reason.
import { callback } from "./callback.mjs"
import { client } from "./client.mjs"
import { pool } from "./pool.mjs"
import { server } from "./server.mjs"

export const bugs = [...server, ...client, ...pool, ...callback]
