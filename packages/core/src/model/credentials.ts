/** Credentials as field values: `Authorization` and `Proxy-Authorization` in the Basic scheme (RFC 7617). */

/** The field value for `user:password`: its UTF-8 in base64 (RFC 7617 §2.1). */
export const basic = (userAndPassword: string): string => {
  let binary = ""
  for (const byte of new TextEncoder().encode(userAndPassword)) binary += String.fromCharCode(byte)
  return `Basic ${btoa(binary)}`
}

/** The field value for the credentials in a URL, percent-decoded. */
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
