/**
 * The callback modules by the package's own name: the one copy of the process, which `require`, `import` and
 * the register hook give as well. Nothing else of this folder may import the files beneath them.
 */
import http from "@httpfx/node/http"
import https from "@httpfx/node/https"

export { http, https }
