/** Resolves names with the resolver of the operating system (`node:dns`). Never connects. */
import * as dns from "node:dns"
import * as net from "node:net"
import * as Effect from "effect/Effect"
import * as HttpError from "@httpfx/core/HttpError"
import type * as Network from "@httpfx/core/Network"
import { literal } from "./listen.js"

const resolverCodes = ["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "ENODATA", "ETIMEOUT"] as const

const notResolved = (host: string, error: NodeJS.ErrnoException) =>
  new HttpError.NameNotResolved({
    code:
      resolverCodes.find((code) => code === error.code) ??
      (error.code === "EAI_NODATA" ? "ENODATA" : "EAI_FAIL"),
    host,
    reason: error.message,
    cause: error
  })

export const resolve: Network.Service["resolve"] = (host, options) =>
  Effect.async((resume) => {
    const name = literal(host)
    const family = net.isIP(name)
    if (family === 4 || family === 6) {
      if (options?.family === undefined || options.family === family) {
        return resume(Effect.succeed([{ address: name, family }]))
      }
      const message = `getaddrinfo ENOTFOUND ${name}`
      return resume(Effect.fail(new HttpError.NameNotResolved({ code: "ENOTFOUND", host, reason: message })))
    }
    const { family: wanted = 0, hints = 0 } = options ?? {}
    const told = (error: NodeJS.ErrnoException | null, found: ReadonlyArray<dns.LookupAddress>) => {
      if (error) return resume(Effect.fail(notResolved(host, error)))
      const [first, ...rest] = found.map(
        ({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }) as const
      )
      resume(
        first === undefined
          ? Effect.fail(
              new HttpError.NameNotResolved({ code: "ENODATA", host, reason: `no address for ${host}` })
            )
          : Effect.succeed([first, ...rest])
      )
    }
    try {
      dns.lookup(name, { all: true, verbatim: true, family: wanted, hints }, told)
    } catch (error) {
      // Node throws if the hint flags are invalid.
      resume(Effect.fail(notResolved(host, error as NodeJS.ErrnoException)))
    }
  })
