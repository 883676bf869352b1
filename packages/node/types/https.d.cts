/**
 * `@httpfx/node/https` for `require`: the types of `node:https`, which `@types/node` has.
 *
 * @since 0.1.0
 */
import https = require("node:https")
export = https
