/**
 * Imports the callback modules by the package's own name, so that the bridge uses the same instances as
 * `require`, `import` and the register hook. Other files of this folder must not import the source files of
 * `http/`, because such an import would create a second instance.
 */
import http from "@httpfx/node/http"
import https from "@httpfx/node/https"

export { http, https }
