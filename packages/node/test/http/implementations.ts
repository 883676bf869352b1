/** Helpers that run the same test on the built-in modules and on ours. */
import builtin from "node:http"
import type { AddressInfo } from "node:net"
import shim from "@httpfx/node/http"

export const implementations = [
  ["httpfx", shim],
  ["node:http", builtin]
] as const

export type Http = typeof builtin

const number = (version: string): number => {
  const [major, minor = 0] = version.split(".").map(Number)
  return major! * 1000 + minor
}

/** Returns whether the running Node.js has this version (such as `24.5`) or a later version. */
export const isSince = (version: string): boolean => number(process.versions.node) >= number(version)

/**
 * Makes the server listen on loopback, and passes the port to `use`. Then closes the server and all
 * connections.
 */
export const serving = async <A>(server: builtin.Server, use: (port: number) => Promise<A>): Promise<A> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    return await use((server.address() as AddressInfo).port)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

export const textOf = async (stream: AsyncIterable<unknown>): Promise<string> => {
  let text = ""
  for await (const chunk of stream) text += String(chunk)
  return text
}

/** Sends a request and returns the response with its body. */
export const ask = (http: Http, options: builtin.RequestOptions, body?: string) =>
  new Promise<{ res: builtin.IncomingMessage; req: builtin.ClientRequest; text: string }>(
    (resolve, reject) => {
      const req = http.request({ host: "127.0.0.1", ...options }, (res) => {
        textOf(res).then((text) => resolve({ res, req, text }), reject)
      })
      req.on("error", reject)
      req.end(body)
    }
  )
