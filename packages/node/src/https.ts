/**
 * `node:https` with the engine of httpfx: what `require("@httpfx/node/https")` gives, and `import` by default and by name.
 * `scripts/bundle.mjs` makes the CommonJS module from the default export.
 */
import type builtin from "node:https"

const https = {} as unknown as typeof builtin

export default https
