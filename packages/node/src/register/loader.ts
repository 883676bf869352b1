/**
 * The hook that redirects `import` of the HTTP modules. If Node.js has `registerHooks` (from 22.15 on), the
 * hook runs in the main thread. Otherwise it runs in Node's loader thread.
 */
import { fileURLToPath } from "node:url"
import { exceptions, moduleOf, type ModuleName } from "./redirect.js"

export interface Data {
  /** The URLs of our modules. */
  readonly urls: Readonly<Record<ModuleName, string>>
  readonly exceptions: string | undefined
}

interface Context {
  readonly parentURL?: string
}
interface Resolution {
  readonly url: string
  readonly format?: string | null
  readonly shortCircuit?: boolean
}

let urls: Data["urls"] | undefined
let isException: (file: string) => boolean = () => false

export const initialize = (data: Data): void => {
  urls = data.urls
  isException = exceptions(data.exceptions)
}

export const resolve = (
  specifier: string,
  context: Context,
  next: (specifier: string, context: Context) => Resolution | Promise<Resolution>
): Resolution | Promise<Resolution> => {
  const name = moduleOf(specifier)
  if (name === undefined || urls === undefined) return next(specifier, context)
  const parent = context.parentURL
  if (parent?.startsWith("file:") === true && isException(fileURLToPath(parent)))
    return next(specifier, context)
  return { url: urls[name], format: "module", shortCircuit: true }
}
