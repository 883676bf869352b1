// Sends one request on its own socket, and parses the response only as far as comparing and counting needs.
import { connect } from "node:net"
import { connect as connectSecurely } from "node:tls"

const endOfHead = "\r\n\r\n"

// Returns the length of the first response in `text`, or undefined if the response is incomplete.
const responseLength = (text) => {
  const head = text.indexOf(endOfHead) + endOfHead.length
  if (head < endOfHead.length) return undefined
  const declared = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))
  if (declared !== null) {
    const length = head + Number(declared[1])
    return text.length >= length ? length : undefined
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(text.slice(0, head)))
    throw new Error("a response without a length")
  const last = text.indexOf("\r\n0\r\n\r\n", head - 2)
  return last < 0 ? undefined : last + 7
}

const dechunk = (text) => {
  let body = ""
  for (let at = 0; ;) {
    const line = text.indexOf("\r\n", at)
    const size = parseInt(text.slice(at, line), 16)
    if (size === 0) return body
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}

const parse = (text) => {
  const at = text.indexOf(endOfHead)
  const [statusLine, ...fields] = text.slice(0, at).split("\r\n")
  const headers = new Map(
    fields.map((field) => {
      const colon = field.indexOf(":")
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()]
    })
  )
  const body = text.slice(at + endOfHead.length)
  return {
    status: Number(statusLine.split(" ")[1]),
    headers,
    body: headers.has("content-length") ? body : dechunk(body),
    length: text.length
  }
}

/**
 * Sends `request` (latin1) to a port of this machine, over TLS if `secure`. Returns status, headers, body and
 * length in bytes.
 */
export const exchange = (port, request, secure = false) =>
  new Promise((resolve, reject) => {
    let text = ""
    const where = { port, host: "127.0.0.1", rejectUnauthorized: false }
    const socket = (secure ? connectSecurely : connect)(where, () => socket.write(request, "latin1"))
    socket.setEncoding("latin1")
    socket.on("data", (chunk) => {
      text += chunk
      const length = responseLength(text)
      if (length === undefined) return
      socket.destroy()
      resolve(parse(text.slice(0, length)))
    })
    socket.on("error", reject)
    socket.on("close", () => reject(new Error("the connection closed before a whole response")))
  })
