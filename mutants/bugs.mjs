// All planted bugs. Each is a patch of one or two places in the sources: `find` occurs once in `file`. `nets`
// are the test files that must fail, and `harm` is the effect on a user. A bug that no test can find has
// `survives`, with the reason.
import { callback } from "./callback.mjs"
import { client } from "./client.mjs"
import { content } from "./content.mjs"
import { observed } from "./observed.mjs"
import { features } from "./features.mjs"
import { pool } from "./pool.mjs"
import { server } from "./server.mjs"

export const bugs = [...server, ...client, ...pool, ...callback, ...content, ...features, ...observed]
