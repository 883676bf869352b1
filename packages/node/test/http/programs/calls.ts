/**
 * Wraps the methods of the callback API's classes, as a program that overrides them does. Records each call:
 * method, receiver, arguments, and the call in which it is nested.
 */
import type { Http } from "../implementations.js"

/** The documented methods, and the methods in the first table of docs/node-http-parity.md. */
export const methods = {
  OutgoingMessage: [
    ...[
      "addTrailers",
      "appendHeader",
      "cork",
      "destroy",
      "end",
      "flushHeaders",
      "getHeader",
      "getHeaderNames"
    ],
    ...["getHeaders", "getRawHeaderNames", "hasHeader", "pipe", "removeHeader", "setHeader", "setHeaders"],
    ...["setTimeout", "uncork", "write", "_implicitHeader", "_storeHeader", "_send", "_writeRaw", "_flush"],
    "_finish"
  ],
  ClientRequest: [
    ...["abort", "destroy", "setNoDelay", "setSocketKeepAlive", "setTimeout", "onSocket", "_implicitHeader"],
    "_finish"
  ],
  ServerResponse: [
    ...["assignSocket", "detachSocket", "writeContinue", "writeEarlyHints", "writeHead", "writeProcessing"],
    ...["_implicitHeader", "_finish"]
  ],
  IncomingMessage: ["destroy", "setTimeout", "_addHeaderLine", "_dump"],
  Agent: [
    ...["addRequest", "createConnection", "createSocket", "destroy", "getName", "keepSocketAlive"],
    ...["removeSocket", "reuseSocket"]
  ],
  Server: ["close", "closeAllConnections", "closeIdleConnections", "setTimeout"]
} as const

type Method = (this: unknown, ...args: Array<unknown>) => unknown

const isPlain = (value: object): boolean =>
  [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(value) as never)

/**
 * Wraps the methods. Returns a function that removes the wrappers. `nameOf` returns the name of an object in
 * the trace, if it has one.
 */
export const wrap = (
  http: Http,
  tell: (line: string) => void,
  nameOf: (value: object) => string | undefined
): (() => void) => {
  const numbers = new Map<object, string>()
  /**
   * Returns the object's name in the trace. An object without a name gets one from its class and the order of
   * appearance.
   */
  const named = (value: object): string => {
    const known = nameOf(value) ?? numbers.get(value)
    if (known !== undefined) return known
    const name = `${value.constructor.name} #${numbers.size}`
    numbers.set(value, name)
    return name
  }
  const show = (value: unknown, deep = true): string => {
    if (typeof value === "function") return "a function"
    if (typeof value === "string") return JSON.stringify(value).replace(/[A-Z][a-z]{2}, .{20} GMT/g, "now")
    if (typeof value !== "object" || value === null) return String(value)
    if (value instanceof Uint8Array) return `${value.length} bytes`
    if (value instanceof Error) return value.message
    if (!isPlain(value)) return named(value)
    if (!deep) return "an object"
    const parts = Object.entries(value).map(([key, one]) => `${key}: ${show(one, false)}`)
    return `{${parts.join(", ")}}`
  }
  const undo: Array<() => void> = []
  let depth = 0
  for (const [name, members] of Object.entries(methods)) {
    const prototype = http[name as keyof typeof methods].prototype as unknown as { [name: string]: Method }
    for (const member of members) {
      const own = Object.getOwnPropertyDescriptor(prototype, member)
      const original = prototype[member]
      if (original === undefined) continue
      const wrapped: Method = function (...args) {
        const given = args.map((one) => show(one)).join("; ")
        tell(`${"  ".repeat(depth)}call ${name}.${member} on ${show(this)} (${given})`)
        depth++
        try {
          return original.apply(this, args)
        } finally {
          depth--
        }
      }
      Object.defineProperty(prototype, member, { ...own, value: wrapped, configurable: true, writable: true })
      undo.push(() => {
        if (own === undefined) Reflect.deleteProperty(prototype, member)
        else Object.defineProperty(prototype, member, own)
      })
    }
  }
  return () => undo.reverse().forEach((one) => one())
}
