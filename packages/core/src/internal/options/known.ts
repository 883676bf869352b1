/**
 * The known options of connections and TLS. Unknown options are refused. Otherwise a misspelled option for an
 * address or a server name would have no effect.
 */
import type { ConnectionOptions } from "./request.js"
import * as HttpError from "../../errors/index.js"
import type { TlsOptions } from "../network.js"

type Known = Readonly<Record<string, true>>

const unknownOf = (options: object, known: Known): string | undefined => {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !Object.hasOwn(known, name)) return name
  }
  return undefined
}

const connectionOptions: Readonly<Record<keyof ConnectionOptions, true>> = {
  attemptDelay: true,
  createConnection: true,
  family: true,
  hints: true,
  localAddress: true,
  localPort: true,
  lookup: true,
  noDelay: true,
  socketPath: true,
  tls: true
}

/** Returns the error for an unknown connection option. Returns `undefined` if all options are known. */
export const refuseConnectionOption = (options: object): HttpError.ConnectionFailed | undefined => {
  const name = unknownOf(options, connectionOptions)
  if (name === undefined) return undefined
  const reason = `unknown connection option ${name}`
  return new HttpError.ConnectionFailed({ code: "ERR_HTTPFX_CONNECTION_OPTION", reason, phase: "connect" })
}

const tlsOptions: Readonly<Record<keyof TlsOptions, true>> = {
  alpn: true,
  ca: true,
  cert: true,
  certificates: true,
  checkServerIdentity: true,
  ciphers: true,
  crl: true,
  dhparam: true,
  ecdhCurve: true,
  honorCipherOrder: true,
  key: true,
  maxVersion: true,
  minVersion: true,
  onSession: true,
  passphrase: true,
  pfx: true,
  rejectUnauthorized: true,
  requestCert: true,
  requireCloseNotify: true,
  role: true,
  secureOptions: true,
  serverName: true,
  session: true,
  sessionIdContext: true,
  sessionTimeout: true,
  sigalgs: true,
  ticketKeys: true
}

// Maps Node's option names to the names in this package, for a hint in the error.
const ours: Readonly<Record<string, keyof TlsOptions>> = { servername: "serverName", ALPNProtocols: "alpn" }

/** Returns the error for an unknown TLS option. Returns `undefined` if all options are known. */
export const refuseTlsOption = (options: object): HttpError.TlsFailure | undefined => {
  const name = unknownOf(options, tlsOptions)
  if (name === undefined) return undefined
  const own = Object.hasOwn(ours, name) ? ours[name] : undefined
  const reason = `unknown TLS option ${name}${own === undefined ? "" : `; use ${own}`}`
  return new HttpError.TlsFailure({ code: "ERR_HTTPFX_TLS_OPTION", reason, phase: "secure" })
}
