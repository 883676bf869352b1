/** Encodes credentials for `Authorization` and `Proxy-Authorization` in the Basic scheme (RFC 7617). */

/**
 * Returns the field value for `user:password`. The value contains the UTF-8 bytes of this text in base64 (RFC
 * 7617 §2.1).
 */
export const basic = (userAndPassword: string): string => {
  let binary = ""
  for (const byte of new TextEncoder().encode(userAndPassword)) binary += String.fromCharCode(byte)
  return `Basic ${btoa(binary)}`
}

/**
 * Returns the field value for the user and password in a URL, after percent-decoding. Returns `undefined` if
 * the URL has neither.
 */
export const credentialsOf = (url: URL): string | undefined =>
  url.username === "" && url.password === ""
    ? undefined
    : basic(`${decode(url.username)}:${decode(url.password)}`)

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
