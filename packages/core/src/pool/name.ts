/**
 * Creates names of connections, which are the keys of a pool. The format is that of `agent.getName()` in
 * Node.js 20, byte for byte, because programs depend on the format. Node.js 22.23 and 24.22 added further TLS
 * options to the name. Here these options are appended only if they are set.
 *
 * Two requests share connections if and only if their names are equal. So a name contains everything that
 * distinguishes connections. Values are used as given, and are never normalized or resolved.
 */

/**
 * The connection options that appear in the name of a connection without TLS.
 *
 * @since 0.1.0
 * @category names
 */
export interface NameOptions {
  /** The host. Default: `localhost`. */
  readonly host?: string | null | undefined
  /** The port as given. A missing port is empty in the name. */
  readonly port?: number | string | null | undefined
  /** The local address, as given. */
  readonly localAddress?: string | null | undefined
  /** The address family. Only 4 and 6 appear in the name. */
  readonly family?: number | string | null | undefined
  /** The path of a Unix socket, used instead of host and port. */
  readonly socketPath?: string | null | undefined
}

/**
 * Returns the name of a connection without TLS. The name is `host:port:localAddress`, followed by `:family`
 * and `:socketPath` if given.
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

// TLS options in the order of Node's names. An option with `truthy` appears in the name if its value is
// truthy. An option with `given` appears if its value is not `undefined`.
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
 * The TLS options that appear in the name of a connection with TLS. Node.js 20 itself uses these options of
 * `tls.connect` and `tls.createSecureContext`: `ca`, `cert`, `clientCertEngine`, `ciphers`, `key`, `pfx`,
 * `rejectUnauthorized`, `servername`, `minVersion`, `maxVersion`, `secureProtocol`, `crl`,
 * `honorCipherOrder`, `ecdhCurve`, `dhparam`, `secureOptions`, `sessionIdContext`, `sigalgs`,
 * `privateKeyIdentifier` and `privateKeyEngine`. The name here may also contain `secureContext`,
 * `allowPartialTrustChain`, `ALPNProtocols`, `certificateCompression`, `minDHSize`, `pskCallback`,
 * `requestOCSP` and `session`.
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
  /**
   * The server name (SNI). The server name appears in the connection's name only if different from the host.
   */
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
  /** The secure context, compared by identity. */
  readonly secureContext?: unknown
  readonly allowPartialTrustChain?: unknown
  readonly ALPNProtocols?: unknown
  readonly certificateCompression?: unknown
  readonly minDHSize?: unknown
  /** The callback for pre-shared keys, compared by identity. */
  readonly pskCallback?: unknown
  readonly requestOCSP?: unknown
  readonly session?: unknown
}

// Options that distinguish connections, but that the names of Node.js 20 lack. These options are appended to
// the name only if set.
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
 * Serialises the value of a TLS option. Two values get the same text only if TLS treats them alike. Functions
 * and instances of classes are compared by identity, and all other values by content.
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

const isKeyWithPassphrase = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ("pem" in value || "buf" in value)

const isNotText = (value: unknown): boolean => ArrayBuffer.isView(value) && String(value).includes("\ufffd")

const isAmbiguousElement = (value: unknown): boolean =>
  Array.isArray(value) ||
  isKeyWithPassphrase(value) ||
  isNotText(value) ||
  String(value) === "" ||
  String(value).includes(",")

/**
 * Returns whether a value is ambiguous in Node's name, because a different value has the same text. Ambiguous
 * values are binary data that is not UTF-8, empty lists, and lists whose elements contain a comma, are empty,
 * or are keys with passphrases (`[object Object]`).
 */
const losesContent = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 || value.some(isAmbiguousElement) : isNotText(value)

const policyOf = (options: TlsNameOptions): string => {
  let policy = ""
  for (const field of furtherFields) {
    const value = options[field]
    if (value !== undefined && value !== null) policy += `:${field}=${policyText(value)}`
  }
  for (const [field] of tlsFields) {
    const value = options[field]
    if (losesContent(value)) policy += `:${field}=${policyText(value)}`
  }
  return policy
}

/**
 * Returns the server name (SNI) for a host. The server name has no final dot (RFC 6066 §3).
 *
 * @since 0.1.0
 * @category names
 */
export const sniName = (host: string): string => (host.endsWith(".") ? host.slice(0, -1) : host)

/**
 * Returns the name of a connection with TLS. The name consists of these parts:
 *
 * 1. the result of `connectionName`
 * 2. for each TLS option of Node.js 20, a colon and the value; the value is empty if the option is not set,
 *    or if `servername` equals the host
 * 3. each TLS option that Node.js 20 lacks in its names, if set (`secureContext`, `ALPNProtocols`, `session`,
 *    ...)
 * 4. an unambiguous form of each value whose text in part 2 is ambiguous, such as keys with passphrases,
 *    binary data, and lists with empty elements or commas
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
    // As in Node, concatenation converts a Buffer to its text, and a list to its elements joined by commas.
    name += field === "sigalgs" ? JSON.stringify(value) : (value as string)
  }
  return name + policyOf(options)
}
