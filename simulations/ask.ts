/** A request of the simulation. It is drawn from the seed, and encoded in the request target. */

/** Returns a number in [0, 1). */
export type Draw = () => number

export const between = (draw: Draw, low: number, high: number): number =>
  low + Math.floor(draw() * (high - low + 1))

/** Draws one of the values. A value with a larger weight is more probable. */
export const pick = <A>(draw: Draw, weighted: ReadonlyArray<readonly [weight: number, value: A]>): A => {
  let left = draw() * weighted.reduce((sum, [weight]) => sum + weight, 0)
  for (const [weight, value] of weighted) {
    left -= weight
    if (left < 0) return value
  }
  return weighted[weighted.length - 1]![1]
}

export type Method = "GET" | "HEAD" | "PUT" | "POST" | "DELETE"

/**
 * The way in which a body is sent: in memory (`bytes`), as a stream of unknown length (`stream`, `slow`), or
 * as a stream that each service forwards while it arrives (`through`).
 */
export type Flow = "bytes" | "stream" | "slow" | "through"

export interface Body {
  readonly flow: Flow
  /** Size in bytes. 0 means no body. */
  readonly size: number
}

export interface Ask {
  readonly method: Method
  /** Number of services behind the first one that take part. */
  readonly hops: number
  readonly up: Body
  readonly down: Body
  /** Time that the last service takes, ms. */
  readonly delay: number
  /** Whether the services read the request body before they reply. */
  readonly read: boolean
  /** The side that sends `Connection: close`. */
  readonly closes: "client" | "server" | "nobody"
  /** Whether the client waits for 100 (Continue) before it sends the body. */
  readonly expects: boolean
  /** Whether the first service accepts only half of the body's size. */
  readonly limited: boolean
}

/** The way in which the caller reads the response body. */
export type Reading = "whole" | "stream" | "slowly" | "leave" | "ignore"

const none: Body = { flow: "bytes", size: 0 }

const drawBody = (draw: Draw): Body => {
  const size = pick(draw, [
    [15, 0],
    [69, between(draw, 1, 400)],
    [12, between(draw, 1_000, 12_000)],
    [4, 100_000]
  ])
  const flow = pick<Flow>(draw, [
    [64, "bytes"],
    [14, "stream"],
    [8, "slow"],
    [14, "through"]
  ])
  return { flow, size }
}

export const isIdempotent = (method: Method): boolean => method !== "POST"

export const drawAsk = (draw: Draw): Ask => {
  const method = pick<Method>(draw, [
    [40, "GET"],
    [4, "HEAD"],
    [14, "PUT"],
    [36, "POST"],
    [6, "DELETE"]
  ])
  const hops = pick(draw, [
    [75, 0],
    [16, 1],
    [9, 2]
  ])
  return {
    method,
    hops,
    up: method === "PUT" || method === "POST" ? drawBody(draw) : none,
    down: method === "HEAD" ? none : drawBody(draw),
    delay: pick(draw, [
      [50, 0],
      [40, between(draw, 1, 300)],
      [10, between(draw, 300, 3_000)]
    ]),
    read: draw() < 0.8,
    closes: pick(draw, [
      [4, "client"],
      [6, "server"],
      [90, "nobody"]
    ]),
    expects: draw() < 0.1,
    limited: hops === 0 && draw() < 0.1
  }
}

export const drawReading = (draw: Draw): Reading =>
  pick(draw, [
    [84, "whole"],
    [6, "stream"],
    [4, "slowly"],
    [3, "leave"],
    [3, "ignore"]
  ])

export const pathOf = ({ closes, delay, down, expects, hops, limited, read, up }: Ask): string =>
  `/${hops}/${up.flow}/${up.size}/${down.flow}/${down.size}/${delay}/${Number(read)}/${closes}/${Number(expects)}/${Number(limited)}`

/** Returns the client's fields, except the request id. */
export const fieldsOf = ({ closes, expects, up }: Ask): Readonly<Record<string, string>> => ({
  ...(closes === "client" && { connection: "close" }),
  ...(expects && up.size > 0 && { expect: "100-continue" })
})

/** Returns whether the first service reads the body, which exceeds its limit. */
export const isTooLarge = ({ limited, read, up }: Ask): boolean => limited && read && up.size > 0

export const askOf = (method: string, path: string): Ask => {
  const [, hops, up, upSize, down, downSize, delay, read, closes, expects, limited] = path.split("/")
  return {
    method: method as Method,
    hops: Number(hops),
    up: { flow: up as Flow, size: Number(upSize) },
    down: { flow: down as Flow, size: Number(downSize) },
    delay: Number(delay),
    read: read === "1",
    closes: closes as Ask["closes"],
    expects: expects === "1",
    limited: limited === "1"
  }
}
