/**
 * What is redirected, and for whom. Used by both halves of the hook: for `require` in the process itself, for
 * `import` either there too or, on a Node.js that cannot, in its loader's thread.
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

/** The module of ours that a specifier means, if any. */
export const moduleOf = (specifier: string): ModuleName | undefined => names[specifier]

const slashes = (path: string): string => (sep === "\\" ? path.replaceAll("\\", "/") : path)

/**
 * Which importing files stay on the built-in modules: a list, with commas between, of packages (`name`,
 * `@scope/name`) and of files or folders (`./legacy`, `/srv/app/legacy.js`).
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
