/**
 * Which TLS options there are. One that nobody reads would be a promise that nobody keeps, so it is refused where it is given,
 * not passed over: a name to verify, or an authority to trust, that is misspelled must not go unnoticed.
 */
import * as HttpError from "../HttpError.js"
import type { TlsOptions } from "../Network.js"

const known: Readonly<Record<keyof TlsOptions, true>> = {
  alpn: true,
  ca: true,
  cert: true,
  certificates: true,
  checkServerIdentity: true,
  ciphers: true,
  crl: true,
  ecdhCurve: true,
  key: true,
  maxVersion: true,
  minVersion: true,
  onSession: true,
  passphrase: true,
  pfx: true,
  rejectUnauthorized: true,
  requestCert: true,
  role: true,
  secureOptions: true,
  serverName: true,
  session: true,
  sigalgs: true
}

// What Node calls it.
const ours: Readonly<Record<string, keyof TlsOptions>> = { servername: "serverName", ALPNProtocols: "alpn" }

/** The refusal of an option that is none. */
export const refuseUnknown = (options: object): HttpError.TlsFailure | undefined => {
  for (const [name, value] of Object.entries(options)) {
    if (name in known || value === undefined) continue
    const own = ours[name]
    const reason = `there is no TLS option ${name}${own === undefined ? "" : `, it is ${own} here`}`
    return new HttpError.TlsFailure({ code: "ERR_HTTPFX_TLS_OPTION", reason, phase: "secure" })
  }
  return undefined
}
