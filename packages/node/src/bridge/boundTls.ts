/**
 * Converts the TLS options of `node:tls` to core's `TlsOptions`. Certificates are passed on as text, because
 * OpenSSL cannot parse the certificate format of a network in memory.
 */
import type { Credentials, TlsOptions } from "@httpfx/core/Network"

type Options = { readonly [name: string]: unknown }

const text = (value: unknown): string => (Array.isArray(value) ? value.map(text).join("\n") : String(value))
const texts = (value: unknown) => (Array.isArray(value) ? value.map(text) : text(value))
const same = (value: unknown) => value

const read: Readonly<Record<string, readonly [name: string, read: (value: unknown) => unknown]>> = {
  ca: ["ca", texts],
  cert: ["cert", text],
  key: ["key", text],
  crl: ["crl", texts],
  pfx: ["pfx", same],
  passphrase: ["passphrase", same],
  ciphers: ["ciphers", same],
  ecdhCurve: ["ecdhCurve", same],
  minVersion: ["minVersion", same],
  maxVersion: ["maxVersion", same],
  secureOptions: ["secureOptions", same],
  sigalgs: ["sigalgs", same],
  rejectUnauthorized: ["rejectUnauthorized", same],
  requestCert: ["requestCert", same],
  checkServerIdentity: ["checkServerIdentity", same],
  session: ["session", same],
  onSession: ["onSession", same],
  ALPNProtocols: ["alpn", same]
}

const common = (options: Options): Partial<TlsOptions> => {
  const tls: Record<string, unknown> = {}
  for (const [theirs, [ours, convert]] of Object.entries(read)) {
    const value = options[theirs]
    if (value !== undefined && value !== null) tls[ours] = convert(value)
  }
  return tls
}

export const clientTls = (options: Options): TlsOptions => ({
  ...common(options),
  role: "client",
  serverName: String(options["servername"] || options["host"] || "localhost")
})

export const serverTls = (
  options: Options,
  contexts: ReadonlyMap<string, Options> | undefined
): TlsOptions => {
  const certificates: Record<string, Credentials> = {}
  for (const [name, { cert, key }] of contexts ?? [])
    certificates[name] = { cert: text(cert), key: text(key) }
  // Without `requestCert` clients send no certificate, so `rejectUnauthorized` would reject all clients.
  const { requestCert = false, rejectUnauthorized } = options
  return {
    ...common(options),
    role: "server",
    rejectUnauthorized: requestCert === true && rejectUnauthorized !== false,
    ...(contexts !== undefined && { certificates })
  }
}
