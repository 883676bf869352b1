/**
 * The key under which Node's agents keep a connection (`agent.getName()`), byte for byte, because programs
 * read it and build on it.
 *
 * Two requests share connections exactly if their names are equal, so the name has everything that
 * distinguishes connections. Values are used as given: nothing is normalized or resolved.
 */

/**
 * The options in the name of a connection without TLS.
 *
 * @since 0.1.0
 * @category names
 */
export interface NameOptions {
  /** Default: `localhost`. */
  readonly host?: string | null | undefined
  /** As given; empty if missing. */
  readonly port?: number | string | null | undefined
  /** Our own address, as given. */
  readonly localAddress?: string | null | undefined
  /** Only 4 and 6 appear in the name. */
  readonly family?: number | string | null | undefined
  /** A Unix socket, instead of host and port. */
  readonly socketPath?: string | null | undefined
}

/**
 * `host:port:localAddress`, then `:family` and `:socketPath` if given.
 *
 * @since 0.1.0
 * @category names
 */
export const connectionName = (options: NameOptions = {}): string => {
  let name = `${options.host || "localhost"}:${options.port || ""}:${options.localAddress || ""}`
  if (options.family === 4 || options.family === 6) name += `:${options.family}`
  if (options.socketPath) name += `:${options.socketPath}`
  return name
}

// Fields of the TLS part in order, and when they appear in the name: if truthy, or if given at all.
const tlsFields: ReadonlyArray<readonly [field: keyof TlsNameOptions, when: "truthy" | "given"]> = [
  ["ca", "truthy"],
  ["cert", "truthy"],
  ["clientCertEngine", "truthy"],
  ["ciphers", "truthy"],
  ["key", "truthy"],
  ["pfx", "truthy"],
  ["rejectUnauthorized", "given"],
  ["servername", "truthy"],
  ["minVersion", "truthy"],
  ["maxVersion", "truthy"],
  ["secureProtocol", "truthy"],
  ["crl", "truthy"],
  ["honorCipherOrder", "given"],
  ["ecdhCurve", "truthy"],
  ["dhparam", "truthy"],
  ["secureOptions", "given"],
  ["sessionIdContext", "truthy"],
  ["sigalgs", "truthy"],
  ["privateKeyIdentifier", "truthy"],
  ["privateKeyEngine", "truthy"]
]

/**
 * Further options in the name of a connection with TLS, from `tls.connect` and `tls.createSecureContext`:
 * `ca`, `cert`, `clientCertEngine`, `ciphers`, `key`, `pfx`, `rejectUnauthorized`, `servername`,
 * `minVersion`, `maxVersion`, `secureProtocol`, `crl`, `honorCipherOrder`, `ecdhCurve`, `dhparam`,
 * `secureOptions`, `sessionIdContext`, `sigalgs`, `privateKeyIdentifier` and `privateKeyEngine`; then
 * `secureContext`, `allowPartialTrustChain`, `ALPNProtocols`, `certificateCompression`, `minDHSize`,
 * `pskCallback`, `requestOCSP` and `session`.
 *
 * @since 0.1.0
 * @category names
 */
export interface TlsNameOptions {
  readonly ca?: unknown
  readonly cert?: unknown
  readonly clientCertEngine?: unknown
  readonly ciphers?: unknown
  readonly key?: unknown
  readonly pfx?: unknown
  readonly rejectUnauthorized?: unknown
  /** Only if different from the host. */
  readonly servername?: unknown
  readonly minVersion?: unknown
  readonly maxVersion?: unknown
  readonly secureProtocol?: unknown
  readonly crl?: unknown
  readonly honorCipherOrder?: unknown
  readonly ecdhCurve?: unknown
  readonly dhparam?: unknown
  readonly secureOptions?: unknown
  readonly sessionIdContext?: unknown
  readonly sigalgs?: unknown
  readonly privateKeyIdentifier?: unknown
  readonly privateKeyEngine?: unknown
  /** Compared by identity. */
  readonly secureContext?: unknown
  readonly allowPartialTrustChain?: unknown
  readonly ALPNProtocols?: unknown
  readonly certificateCompression?: unknown
  readonly minDHSize?: unknown
  /** Compared by identity. */
  readonly pskCallback?: unknown
  readonly requestOCSP?: unknown
  readonly session?: unknown
}

// Options that also distinguish connections but are missing from the names of Node.js 20: appended only if
// set.
const furtherFields: ReadonlyArray<keyof TlsNameOptions> = [
  "secureContext",
  "allowPartialTrustChain",
  "ALPNProtocols",
  "certificateCompression",
  "minDHSize",
  "pskCallback",
  "requestOCSP",
  "session"
]

const identities = new WeakMap<object, number>()
let lastIdentity = 0

const identityOf = (value: object): number => {
  let identity = identities.get(value)
  if (identity === undefined) identities.set(value, (identity = ++lastIdentity))
  return identity
}

/**
 * A text that two values share only if they mean the same to TLS: compared by content, instances of classes
 * by identity.
 */
const policyText = (value: unknown): string => {
  if (typeof value !== "object" || value === null) {
    return typeof value === "function" ? `f${identityOf(value)}` : `${typeof value}${String(value)}`
  }
  if (Array.isArray(value)) return `[${listText(value)}]`
  if (ArrayBuffer.isView(value))
    return `v${new Uint8Array(value.buffer, value.byteOffset, value.byteLength).join()}`
  const proto: unknown = Object.getPrototypeOf(value)
  if (proto !== null && proto !== Object.prototype) return `o${identityOf(value)}`
  return `{${listText(Object.entries(value).flat())}}`
}

const listText = (values: ReadonlyArray<unknown>): string =>
  values
    .map(policyText)
    .map((text) => `${text.length}:${text}`)
    .join()

const hasPassphrase = (one: unknown): boolean =>
  typeof one === "object" && one !== null && ("pem" in one || "buf" in one)

/** Lists of keys with passphrases: joined by commas, their elements all read `[object Object]`. */
const losesContent = (value: unknown): boolean => Array.isArray(value) && value.some(hasPassphrase)

const policyOf = (options: TlsNameOptions): string => {
  let policy = ""
  for (const field of furtherFields) {
    const value = options[field]
    if (value !== undefined && value !== null) policy += `:${field}=${policyText(value)}`
  }
  for (const field of ["key", "pfx"] as const) {
    const value = options[field]
    if (losesContent(value)) policy += `:${field}=${policyText(value)}`
  }
  return policy
}

/**
 * The server name of a TLS client (SNI) for a host: without a final dot (RFC 6066 section 3).
 *
 * @since 0.1.0
 * @category names
 */
export const sniName = (host: string): string => (host.endsWith(".") ? host.slice(0, -1) : host)

/**
 * `connectionName`, then each TLS field after a colon, empty if it does not apply. Then, if set: the fields
 * that are missing from the names of Node.js 20 (`secureContext`, `ALPNProtocols`, `session`, ...) and keys
 * with passphrases.
 *
 * @since 0.1.0
 * @category names
 */
export const secureConnectionName = (options: NameOptions & TlsNameOptions = {}): string => {
  let name = connectionName(options)
  for (const [field, when] of tlsFields) {
    name += ":"
    const value = options[field]
    if (when === "truthy" ? !value : value === undefined) continue
    if (field === "servername" && value === options.host) continue
    // As string concatenation converts it: a Buffer to its text, a list to values with commas.
    name += field === "sigalgs" ? JSON.stringify(value) : (value as string)
  }
  return name + policyOf(options)
}
