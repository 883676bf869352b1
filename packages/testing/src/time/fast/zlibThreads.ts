/**
 * Makes a zlib engine of Node.js (a compressor or decompressor) work in the process and not on a thread. Its
 * results then arrive in a fixed order, and no real time passes.
 *
 * Node reports an engine when it is made, before it is initialized (`AsyncHook.init`, type `ZLIB`). Besides
 * `write`, the engine has the synchronous method `writeSync` with the same arguments. `init` gets the
 * callback that Node calls after a `write`.
 */
import { nextTick } from "../turn.js"

type Method = (this: object, ...args: Array<unknown>) => unknown
interface ZlibEngine {
  init: Method
  write: Method
  writeSync: Method
}

const isEngine = (resource: object): resource is ZlibEngine =>
  ["init", "write", "writeSync"].every(
    (name) => typeof (resource as Record<string, unknown>)[name] === "function"
  )

/** Makes a new resource work in the process. Returns `false` if the resource is not a zlib engine. */
export const workInProcess = (resource: object): boolean => {
  if (nextTick === undefined || !isEngine(resource)) return false
  const { init, writeSync } = resource
  const later = nextTick
  let completed: Method | undefined
  resource.init = function (...args) {
    completed = args.find((argument): argument is Method => typeof argument === "function")
    return init.apply(this, args)
  }
  resource.write = function (...args) {
    writeSync.apply(this, args)
    later(() => completed?.call(this))
  }
  return true
}
