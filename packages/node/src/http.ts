/**
 * `node:http` with the engine of httpfx: what `require("@httpfx/node/http")` gives, and `import` by default and by name.
 * `scripts/bundle.mjs` makes the CommonJS module from the default export.
 */
import type builtin from "node:http"

const http = {} as unknown as typeof builtin

export default http
