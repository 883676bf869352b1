// A module to preload before the register hook (`node --import scripts/no-built-in.mjs`). Makes every
// function and method of the built-in `http`, `https`, `_http_*` and of Node's native parser record its use
// and throw. A program without a record has not used Node's HTTP implementation.
//
// Uses are appended to the file named by HTTPFX_BUILT_IN_CALLS, one per line.
import { appendFileSync } from "node:fs"
import { createRequire, syncBuiltinESMExports } from "node:module"

const require = createRequire(import.meta.url)

// Suppress the warnings about `process.binding` and private modules.
const { emitWarning } = process
process.emitWarning = () => {}

const record = process.env.HTTPFX_BUILT_IN_CALLS
const seen = new Set()

const trap = (name) =>
  function () {
    if (record !== undefined) appendFileSync(record, `${name}\n`)
    throw new Error(`the built-in ${name} was used`)
  }

const guard = (owner, path) => {
  if (seen.has(owner)) return
  seen.add(owner)
  for (const key of Reflect.ownKeys(owner)) {
    if (key === "constructor" || key === "prototype") continue
    const property = Object.getOwnPropertyDescriptor(owner, key)
    const name = `${path}.${String(key)}`
    if (typeof property.value === "function") {
      if (property.value.prototype !== undefined) guard(property.value.prototype, `${name}.prototype`)
      if (property.writable || property.configurable) {
        const replacement = trap(name)
        // Keep the prototype, so that a program can declare a subclass. Using the subclass still fails.
        replacement.prototype = property.value.prototype
        Object.defineProperty(owner, key, { ...property, value: replacement })
      }
    }
  }
}

const modules = [
  "http",
  "https",
  "_http_agent",
  "_http_client",
  "_http_common",
  "_http_incoming",
  "_http_outgoing",
  "_http_server"
]
for (const name of modules) guard(require(name), name)
const binding = () => {
  try {
    return process.binding("http_parser")
  } catch {
    // Newer versions of Node.js do not expose the native parser, but `_http_common` has its class.
    return undefined
  }
}
const native = binding()
if (native !== undefined) guard(native, "http_parser")
syncBuiltinESMExports()
process.emitWarning = emitWarning
