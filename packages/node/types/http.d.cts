/**
 * `@httpfx/node/http` for `require`: the types of `node:http`, which `@types/node` has.
 *
 * @since 0.1.0
 */
import http = require("node:http")
export = http
