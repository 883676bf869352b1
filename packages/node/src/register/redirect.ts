/**
 * Decides which module specifiers are redirected, and for which importing files. The hooks for `require` and
 * for `import` share this file. The hook for `import` may run in Node's loader thread.
 */
import { resolve, sep } from "node:path"

export type ModuleName = "http" | "https" | "http2"

const names: Readonly<Record<string, ModuleName>> = {
  __proto__: null as never,
  http: "http",
  "node:http": "http",
  https: "https",
  "node:https": "https",
  http2: "http2",
  "node:http2": "http2"
}

/** Returns the name of our module for a specifier, or `undefined` if the specifier must not be redirected. */
export const moduleOf = (specifier: string): ModuleName | undefined => names[specifier]

const slashes = (path: string): string => (sep === "\\" ? path.replaceAll("\\", "/") : path)

/**
 * Parses the comma-separated list of importers that still get the built-in modules. An entry is a package
 * (`name`, `@scope/name`) or the path of a file or folder (`./legacy`, `/srv/app/legacy.js`). Returns a
 * function that matches a file against the list.
 */
export const exceptions = (list: string | undefined): ((file: string) => boolean) => {
  const wanted = (list ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "")
  if (wanted.length === 0) return () => false
  const paths: Array<string> = []
  const packages: Array<string> = []
  for (const one of wanted) {
    if (/^(\.|\/|[A-Za-z]:[\\/])/.test(one)) paths.push(slashes(resolve(one)))
    else packages.push(`/node_modules/${one}/`)
  }
  return (file) => {
    const path = slashes(file)
    return (
      paths.some((one) => path === one || path.startsWith(one.endsWith("/") ? one : `${one}/`)) ||
      packages.some((one) => path.includes(one))
    )
  }
}
