/**
 * Imports the callback modules by the package's own name: the process's one copy, shared with `require`,
 * `import` and the register hook. Other files of this folder must not import their sources.
 */
import http from "@httpfx/node/http"
import https from "@httpfx/node/https"

export { http, https }
