/**
 * The named leniency flags and the three presets over them. A flag only ever lets more pass; with none set the parser
 * is as strict as RFC 9110 and RFC 9112 allow. What each flag answers to is tabled in docs/strictness.md.
 */

/**
 * One thing the strict parser refuses and a flag lets pass.
 *
 * @since 0.1.0
 * @category flags
 */
export interface Flags {
  /** A request line without version, or with `HTTP/0.9` (obsolete since RFC 9110; node). */
  readonly http09: boolean
  /** `HTTP/2.0` in the text of a start line (RFC 9112 §2.3; node). */
  readonly http20: boolean
  /** Any other digit, dot, digit as version (RFC 9112 §2.3; insecure). */
  readonly anyVersion: boolean
  /** `RTSP/` and `ICE/` in place of `HTTP/` in a start line (RFC 9112 §2.3; node). */
  readonly otherProtocols: boolean
  /** Line breaks before a start line other than a request's empty lines, CRLF each (RFC 9112 §2.2; node). */
  readonly leadingLineBreaks: boolean
  /** More than one space between the parts of a request line (RFC 9112 §3; node). */
  readonly extraSpaces: boolean
  /** Bytes in a target that no part of a URI has, and fragments (RFC 9112 §3.2, RFC 3986; node). */
  readonly targetCharacters: boolean
  /** Targets whose form the method does not have, userinfo, `CONNECT` without a port (RFC 9112 §3.2; node). */
  readonly targetForms: boolean
  /** A status line without the space, with control bytes, below 100 or ended by two CR (RFC 9112 §4; node). */
  readonly looseStatusLine: boolean
  /** An HTTP/1.1 request without `Host` (RFC 9112 §3.2; node). */
  readonly missingHost: boolean
  /** More than one `Host` field (RFC 9112 §3.2; node). */
  readonly repeatedHost: boolean
  /** A `Host` that is not an authority's host and port (RFC 9112 §3.2, RFC 9110 §7.2; node). */
  readonly invalidHost: boolean
  /** A `Transfer-Encoding` other than one `chunked`: more codings, other codings, none (RFC 9112 §6.1; node). */
  readonly otherTransferCodings: boolean
  /** `Transfer-Encoding` in a message older than HTTP/1.1 (RFC 9112 §6.1; node). */
  readonly transferEncodingInHttp10: boolean
  /** Content framed in a 1xx or 204 response, which has none (RFC 9110 §8.6, RFC 9112 §6.3; node). */
  readonly lengthWithoutBody: boolean
  /** Lengths past 2^53-1, or written with more than 20 decimal or 16 hexadecimal digits (RFC 9112 §7.1; node). */
  readonly longNumbers: boolean
  /** Chunk extensions with an empty name or value, or quotes inside a token (RFC 9112 §7.1.1; node). */
  readonly chunkExtensionSyntax: boolean
  /** Fields that frame, route or manage a message in its trailer section (RFC 9110 §6.5.1; node). */
  readonly framingInTrailers: boolean
  /** A field value that goes on in the next line, behind a space or tab (RFC 9112 §5.2; insecure). */
  readonly obsoleteFold: boolean
  /** Control bytes other than NUL in field values (RFC 9110 §5.5; insecure). */
  readonly controlsInValues: boolean
  /** NUL in field values (RFC 9110 §5.5; insecure). */
  readonly nulInValues: boolean
  /** Spaces between the name of a framing field and its colon (RFC 9112 §5.1; insecure). */
  readonly spaceBeforeColon: boolean
  /** A space before the first field line (RFC 9112 §2.2; insecure). */
  readonly spaceBeforeFields: boolean
  /** CR without LF as the end of a line (RFC 9112 §2.2; insecure). */
  readonly bareCarriageReturn: boolean
  /** LF without CR as the end of a line (RFC 9112 §2.2; insecure). */
  readonly bareLineFeed: boolean
  /** `Content-Length` beside `Transfer-Encoding`; the latter wins (RFC 9112 §6.3; insecure). */
  readonly lengthWithTransferEncoding: boolean
  /** In requests, `chunked` before another coding, or no `chunked` at all (RFC 9112 §6.3; insecure). */
  readonly chunkedNotLast: boolean
  /** Spaces or tabs behind a chunk's size (RFC 9112 §7.1; insecure). */
  readonly spacesAfterChunkSize: boolean
  /** No line break behind a chunk's data (RFC 9112 §7.1; insecure). */
  readonly unterminatedChunks: boolean
  /** A further message behind one that closes the connection is read (RFC 9112 §9.6; insecure). */
  readonly keepAliveAfterClose: boolean
  /** Bytes behind a message that closes the connection are ignored (RFC 9112 §9.6; insecure). */
  readonly dataAfterClose: boolean
}

/**
 * The name of a flag: what a refusal says would have let the bytes pass.
 *
 * @since 0.1.0
 * @category flags
 */
export type FlagName = keyof Flags

const node = [
  "http09",
  "http20",
  "otherProtocols",
  "leadingLineBreaks",
  "extraSpaces",
  "targetCharacters",
  "targetForms",
  "looseStatusLine",
  "missingHost",
  "repeatedHost",
  "invalidHost",
  "otherTransferCodings",
  "transferEncodingInHttp10",
  "lengthWithoutBody",
  "longNumbers",
  "chunkExtensionSyntax",
  "framingInTrailers"
] as const satisfies ReadonlyArray<FlagName>

const insecure = [
  "anyVersion",
  "obsoleteFold",
  "controlsInValues",
  "nulInValues",
  "spaceBeforeColon",
  "spaceBeforeFields",
  "bareCarriageReturn",
  "bareLineFeed",
  "lengthWithTransferEncoding",
  "chunkedNotLast",
  "spacesAfterChunkSize",
  "unterminatedChunks",
  "keepAliveAfterClose",
  "dataAfterClose"
] as const satisfies ReadonlyArray<FlagName>

/**
 * Every flag, those of the `node` preset first.
 *
 * @since 0.1.0
 * @category flags
 */
export const flagNames: ReadonlyArray<FlagName> = [...node, ...insecure]

const preset = (on: ReadonlyArray<FlagName>): Flags =>
  Object.freeze(Object.fromEntries(flagNames.map((name) => [name, on.includes(name)]))) as unknown as Flags

/**
 * The presets: `strict` sets no flag, `node` takes what Node 20's parser takes by default, `insecure` what it takes
 * with `insecureHTTPParser` (https://nodejs.org/api/http.html#httpcreateserveroptions-requestlistener).
 *
 * @since 0.1.0
 * @category flags
 */
export const presets: { readonly [P in "strict" | "node" | "insecure"]: Flags } = Object.freeze({
  strict: preset([]),
  node: preset(node),
  insecure: preset(flagNames)
})

/** The bit of each flag in the parser's own set. A literal: its members are constants to the compiler of the engine. */
export const Allow = {
  http09: 1 << 0,
  http20: 1 << 1,
  otherProtocols: 1 << 2,
  leadingLineBreaks: 1 << 3,
  extraSpaces: 1 << 4,
  targetCharacters: 1 << 5,
  targetForms: 1 << 6,
  looseStatusLine: 1 << 7,
  missingHost: 1 << 8,
  repeatedHost: 1 << 9,
  invalidHost: 1 << 10,
  otherTransferCodings: 1 << 11,
  transferEncodingInHttp10: 1 << 12,
  lengthWithoutBody: 1 << 13,
  longNumbers: 1 << 14,
  chunkExtensionSyntax: 1 << 15,
  framingInTrailers: 1 << 16,
  anyVersion: 1 << 17,
  obsoleteFold: 1 << 18,
  controlsInValues: 1 << 19,
  spaceBeforeColon: 1 << 20,
  spaceBeforeFields: 1 << 21,
  bareCarriageReturn: 1 << 22,
  bareLineFeed: 1 << 23,
  lengthWithTransferEncoding: 1 << 24,
  chunkedNotLast: 1 << 25,
  spacesAfterChunkSize: 1 << 26,
  unterminatedChunks: 1 << 27,
  keepAliveAfterClose: 1 << 28,
  dataAfterClose: 1 << 29,
  nulInValues: 1 << 30
} as const satisfies { readonly [K in FlagName]: number }

/** The set of flags as bits; the presets' own sets are made once. */
export const bitsOf = (flags: Flags): number => {
  const known = presetBits.get(flags)
  if (known !== undefined) return known
  return flagNames.reduce((bits, name) => (flags[name] ? bits | Allow[name] : bits), 0)
}

const presetBits = new Map<Flags, number>(
  Object.values(presets).map((flags) => [
    flags,
    flagNames.reduce((bits, name) => (flags[name] ? bits | Allow[name] : bits), 0)
  ])
)
