/**
 * Parses the output of a server independently of `wire/`. Checks that responses come in the order of their
 * requests, and never inside another response.
 */
import { broken, expect } from "./world.js"

export interface Written {
  /** Number of the exchange. `undefined` for a default response of the connection. */
  readonly exchange: number | undefined
  readonly complete: boolean
}

const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/

const chunk = /^([0-9a-f]+)\r\n/

/** Returns the length of a chunked body; `undefined` if the body is incomplete. */
const chunkedLength = (text: string): number | undefined => {
  let at = 0
  for (;;) {
    const size = chunk.exec(text.slice(at))
    if (size === null) return undefined
    const length = parseInt(size[1]!, 16)
    at += size[0].length + length + 2
    if (at > text.length) return undefined
    if (length === 0) return at
  }
}

/** Parses the responses in a server's output. `isHead` tells whether the request of an exchange is HEAD. */
export const responsesOf = (log: string, isHead: (exchange: number) => boolean): ReadonlyArray<Written> => {
  const responses: Array<Written> = []
  let rest = log
  while (rest !== "") {
    const found = head.exec(rest)
    if (found === null) return broken(`what was written is no response: ${JSON.stringify(rest)}`)
    rest = rest.slice(found[0].length)
    const status = Number(found[1])
    if (status === 101) return responses
    if (status < 200) continue
    const field = (name: string) => new RegExp(`^${name}: (.*)\\r$`, "im").exec(found[2]!)?.[1]
    const number = field("X-Exchange")
    const exchange = number === undefined ? undefined : Number(number)
    const last = responses.at(-1)
    expect(
      responses.every(({ exchange }) => exchange !== undefined),
      "a response follows a default one"
    )
    expect(last === undefined || last.complete, "a response follows one that is not complete")
    expect(exchange === undefined || exchange === responses.length + 1, `response ${number} is out of order`)
    const length = field("Content-Length")
    const chunked = field("Transfer-Encoding") === "chunked"
    const bodiless = isHead(responses.length + 1)
    const size = bodiless
      ? 0
      : chunked
        ? chunkedLength(rest)
        : length === undefined
          ? rest.length
          : Number(length)
    const complete = size !== undefined && size <= rest.length
    responses.push({ exchange, complete })
    rest = complete ? rest.slice(size) : ""
  }
  return responses
}
