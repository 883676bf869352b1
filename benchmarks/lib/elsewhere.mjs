// A module to preload (--import) in processes of `--against`. Benchmarks then import the packages of another
// checkout. Both sides of a comparison preload it, so that it costs both the same.
import { register } from "node:module"
import { pathToFileURL } from "node:url"

const hook = `
let here, there
export const initialize = (data) => ({ here, there } = data)
const bare = /^(?![./]|[a-z]+:)/
export const resolve = (specifier, context, next) =>
  bare.test(specifier) && context.parentURL?.startsWith(here)
    ? next(specifier, { ...context, parentURL: context.parentURL.replace(here, there) })
    : next(specifier, context)
`
const data = {
  here: new URL("../", import.meta.url).href,
  there: pathToFileURL(`${process.env.HTTPFX_BENCHMARKED}/benchmarks/`).href
}
register(`data:text/javascript,${encodeURIComponent(hook)}`, import.meta.url, { data })
