// Parses the URL of a proxy, in the syntax of curl and in the syntax of Node.
import { expect, it } from "vitest"
import { readProxy } from "../../src/pool/index.js"

const shown = (text: string, reading: "curl" | "node") => {
  const place = readProxy(text, reading)
  if (place._tag === "BadProxyUrl") return `bad ${place.protocol}`
  const { authorization, host, port, protocol } = place
  return [protocol, host, port, ...(authorization === undefined ? [] : [authorization])].join(" ")
}

it.each([
  ["http://proxy", "http: proxy 1080", "http: proxy 80"],
  ["http://proxy:80", "http: proxy 80", "http: proxy 80"],
  ["https://proxy", "https: proxy 443", "https: proxy 443"],
  ["http://[::1]:3128/", "http: ::1 3128", "http: ::1 3128"],
  ["http://u:p%40@proxy:1", "http: proxy 1 Basic dTpwQA==", "http: proxy 1 Basic dTpwQA=="],
  ["http://u:%zz@proxy:1", "http: proxy 1 Basic dToleno=", "http: proxy 1 Basic dToleno="],
  ["proxy:3128", "http: proxy 3128", "bad proxy:"],
  ["proxy", "http: proxy 1080", "bad undefined"],
  ["socks5://proxy:1", "bad socks5:", "bad socks5:"]
])("%s", (text, curl, node) => {
  expect(shown(text, "curl")).toBe(curl)
  expect(shown(text, "node")).toBe(node)
})
