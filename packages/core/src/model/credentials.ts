/** Credentials as field values: `Authorization` and `Proxy-Authorization` in the Basic scheme (RFC 7617). */

/** Returns the field value for `user:password`, which contains its UTF-8 bytes in base64 (RFC 7617 §2.1). */
export const basic = (userAndPassword: string): string => {
  let binary = ""
  for (const byte of new TextEncoder().encode(userAndPassword)) binary += String.fromCharCode(byte)
  return `Basic ${btoa(binary)}`
}

/** Returns the field value for the percent-decoded credentials in a URL; `undefined` if the URL has none. */
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
