/**
 * `node --import @httpfx/node/register app.js` (or `--require`) makes `import` and `require` of `http`,
 * `https`, `node:http` and `node:https` return our modules, in the program and in its dependencies. `http2`
 * remains the built-in module, but our module serves its HTTP/1 connections.
 *
 * `HTTPFX_REGISTER_EXCEPT` lists packages and files whose imports still return the built-in modules.
 * `process.getBuiltinModule` always returns the built-in modules. Each of our modules is loaded when the
 * program first imports it.
 *
 * @since 0.1.0
 */
import { Module, createRequire } from "node:module"
import { facades } from "./register/facades.js"
import { wrapLoad } from "./register/fast/load.js"
import { initialize, resolve } from "./register/loader.js"
import { offerHttpEntries } from "./register/performance.js"
import { exceptions, moduleOf } from "./register/redirect.js"
import type { withOwnHttp1 } from "./register/http2.js"

/** Members of `node:module` without a type. Some versions of Node.js lack some of these members. */
interface Loaders {
  syncBuiltinESMExports: () => void
  register?: (specifier: string, options: { parentURL: string; data: unknown }) => void
  registerHooks?: (hooks: { resolve: typeof resolve }) => void
}

const noWay =
  "this runtime lets no program replace its HTTP modules. Import @httpfx/node/http and @httpfx/node/https."

const marker = Symbol.for("@httpfx/node/register")

const register = (): void => {
  const loaders = Module as unknown as Loaders
  const here = import.meta.url
  const own = createRequire(here)
  const list = process.env["HTTPFX_REGISTER_EXCEPT"]
  const isException = exceptions(list)

  let http2: unknown
  const isWrapped = wrapLoad(
    (load) =>
      function (request, parent, ...rest) {
        const name = moduleOf(request)
        if (name === undefined || isException(parent?.filename ?? "")) {
          return Reflect.apply(load, this, [request, parent, ...rest])
        }
        if (name !== "http2") return own(`./${name}.cjs`)
        if (http2 === undefined) {
          // Prefer `getBuiltinModule`. If `registerHooks` is in use, `load` would call our `resolve`, and
          // thereby this function again.
          const builtIn =
            process.getBuiltinModule?.("node:http2") ?? Reflect.apply(load, this, [request, parent, ...rest])
          http2 = (own("./http2.cjs") as { readonly withOwnHttp1: typeof withOwnHttp1 }).withOwnHttp1(
            builtIn as never
          )
        }
        return http2
      }
  )

  const urls = {
    http: new URL("./http.mjs", here).href,
    https: new URL("./https.mjs", here).href,
    http2: new URL("./http2.mjs", here).href
  }
  const data = { urls, exceptions: list }
  if (loaders.registerHooks !== undefined) {
    initialize(data)
    loaders.registerHooks({ resolve })
  } else if (loaders.register !== undefined) {
    // Without this wrapper, `require` would silently return the runtime's own HTTP modules, so throw.
    if (!isWrapped) throw new Error(`@httpfx/node/register does not work here: ${noWay}`)
    loaders.register(new URL("./register-loader.cjs", here).href, { parentURL: here, data })
  } else {
    throw new Error(`@httpfx/node/register needs Node.js 20.6 or later, this is ${process.version}`)
  }

  const sync = loaders.syncBuiltinESMExports
  loaders.syncBuiltinESMExports = function syncBuiltinESMExports() {
    sync()
    for (const update of facades) update()
  }
  offerHttpEntries()
  sync()
}

const once = globalThis as { [marker]?: true }
if (once[marker] === undefined) {
  Object.defineProperty(once, marker, { value: true })
  register()
}
