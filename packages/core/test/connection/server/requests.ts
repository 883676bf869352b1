/** The requests that the tables send. */

export const get = (path = "/", fields = "", version = "1.1"): string =>
  `GET ${path} HTTP/${version}\r\nHost: t\r\n${fields}\r\n`

/** A request with a body and its `Content-Length`. */
export const post = (path: string, body: string, fields = ""): string =>
  `POST ${path} HTTP/1.1\r\nHost: t\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`

/** The head of a request with a chunked body. */
export const chunkedHead = (path: string, fields = ""): string =>
  `POST ${path} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n${fields}\r\n`

export const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`

export const close = "Connection: close\r\n"
export const upgrade = "Connection: Upgrade\r\nUpgrade: echo\r\n"
export const connect = "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n"
export const expecting = "Expect: 100-continue\r\n"
