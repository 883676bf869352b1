/**
 * The strictness flags and three presets of flags. Setting a flag always makes the parser accept more input;
 * without flags the parser is as strict as RFC 9110 and RFC 9112 permit. docs/strictness.md has a table of
 * the flags and their counterparts in Node.
 */

/**
 * A flag that is set accepts one deviation from the strictest reading of the grammar. The parentheses contain
 * the RFC section and the strictest preset that sets the flag; `insecure` sets all flags that `node` sets.
 *
 * @since 0.1.0
 * @category flags
 */
export interface Flags {
  /**
   * A tab as whitespace after a length, a transfer coding or an option of `Connection` (RFC 9110 §5.6.3;
   * strict only).
   */
  readonly tabsInFraming: boolean
  /**
   * Characters in path and query that the URL standard does not percent-encode (RFC 9112 §3.2; strict and
   * node).
   */
  readonly urlCharacters: boolean
  /**
   * A status line that ends after its code, without the space before the reason (RFC 9112 §4; strict and
   * node).
   */
  readonly missingReason: boolean
  /**
   * A 204 with `Content-Length` or `Transfer-Encoding`; its connection is not reused (RFC 9112 §6.3; strict
   * and node).
   */
  readonly framedNoContent: boolean
  /** A chunked HTTP/1.0 response; its connection is not reused (RFC 9112 §6.1; strict and node). */
  readonly chunkedHttp10Response: boolean
  /** A request line without version, or with `HTTP/0.9` (obsolete since RFC 9110; node). */
  readonly http09: boolean
  /** `HTTP/2.0` as the version in a start line (RFC 9112 §2.3; node). */
  readonly http20: boolean
  /** Any other version of the form digit, dot, digit (RFC 9112 §2.3; insecure). */
  readonly anyVersion: boolean
  /** `RTSP/` and `ICE/` in place of `HTTP/` in a start line (RFC 9112 §2.3; node). */
  readonly otherProtocols: boolean
  /**
   * Line breaks before a start line, other than the empty lines with CRLF that a request may have (RFC 9112
   * §2.2; node).
   */
  readonly leadingLineBreaks: boolean
  /** More than one space between the parts of a request line (RFC 9112 §3; node). */
  readonly extraSpaces: boolean
  /**
   * Bytes in a target that neither RFC 3986 nor the URL standard permits, and fragments (RFC 9112 §3.2;
   * node).
   */
  readonly targetCharacters: boolean
  /**
   * Targets in a form that the method does not permit, with userinfo, or with a malformed authority (RFC 9112
   * §3.2; node).
   */
  readonly targetForms: boolean
  /**
   * A status line with control bytes in its reason, with a code below 100, or ended by two CR (RFC 9112 §4;
   * node).
   */
  readonly looseStatusLine: boolean
  /** An HTTP/1.1 request without `Host` (RFC 9112 §3.2; node). */
  readonly missingHost: boolean
  /** More than one `Host` field (RFC 9112 §3.2; node). */
  readonly repeatedHost: boolean
  /** A `Host` that is not `uri-host [ ":" port ]` (RFC 9112 §3.2, RFC 9110 §7.2; node). */
  readonly invalidHost: boolean
  /**
   * A `Transfer-Encoding` that is not exactly one `chunked`: several codings, other codings, or an empty
   * value (RFC 9112 §6.1; node).
   */
  readonly otherTransferCodings: boolean
  /**
   * `Transfer-Encoding` in any message with a version below HTTP/1.1, and reuse of its connection (RFC 9112
   * §6.1; node).
   */
  readonly transferEncodingInHttp10: boolean
  /**
   * Framed content in a 1xx response, and reuse of the connection after a framed 204 (RFC 9110 §8.6; node).
   */
  readonly lengthWithoutBody: boolean
  /**
   * Lengths above 2^53-1, or written with more than 20 decimal or 16 hexadecimal digits (RFC 9112 §7.1;
   * node).
   */
  readonly longNumbers: boolean
  /** Chunk extensions with an empty name or value, or quotes inside a token (RFC 9112 §7.1.1; node). */
  readonly chunkExtensionSyntax: boolean
  /** Trailer fields that frame, route or manage a message (RFC 9110 §6.5.1; node). */
  readonly framingInTrailers: boolean
  /** A field value continued in the next line after a space or tab (RFC 9112 §5.2; insecure). */
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
  /** Both `Content-Length` and `Transfer-Encoding`; the latter takes precedence (RFC 9112 §6.3; insecure). */
  readonly lengthWithTransferEncoding: boolean
  /** In requests, `chunked` before another coding, or no `chunked` at all (RFC 9112 §6.3; insecure). */
  readonly chunkedNotLast: boolean
  /** Spaces or tabs after a chunk's size (RFC 9112 §7.1; insecure). */
  readonly spacesAfterChunkSize: boolean
  /** No line break after a chunk's data (RFC 9112 §7.1; insecure). */
  readonly unterminatedChunks: boolean
  /**
   * A further message after a message that closes the connection; the parser reads it (RFC 9112 §9.6;
   * insecure).
   */
  readonly keepAliveAfterClose: boolean
  /** Bytes after a message that closes the connection; the parser ignores them (RFC 9112 §9.6; insecure). */
  readonly dataAfterClose: boolean
}

/**
 * The name of a flag. A refusal contains the name of the flag that would have prevented it.
 *
 * @since 0.1.0
 * @category flags
 */
export type FlagName = keyof Flags

// Node 20's parser does not accept a tab as whitespace in these places, so only `strict` sets this flag.
const strictOnly = ["tabsInFraming"] as const satisfies ReadonlyArray<FlagName>

const strict = [
  "urlCharacters",
  "missingReason",
  "framedNoContent",
  "chunkedHttp10Response"
] as const satisfies ReadonlyArray<FlagName>

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
 * The names of all flags: first those of `strict`, then those of `node`, then those of `insecure`.
 *
 * @since 0.1.0
 * @category flags
 */
export const flagNames: ReadonlyArray<FlagName> = [...strictOnly, ...strict, ...node, ...insecure]

const preset = (on: ReadonlyArray<FlagName>): Flags =>
  Object.freeze(Object.fromEntries(flagNames.map((name) => [name, on.includes(name)]))) as unknown as Flags

/**
 * The presets. `strict` accepts the grammar of the RFCs and deviations that are common and do not affect
 * framing. `node` accepts what Node 20's parser accepts by default. `insecure` accepts what Node accepts with
 * `insecureHTTPParser` (https://nodejs.org/api/http.html#httpcreateserveroptions-requestlistener).
 *
 * @since 0.1.0
 * @category flags
 */
export const presets: { readonly [P in "strict" | "node" | "insecure"]: Flags } = Object.freeze({
  strict: preset([...strictOnly, ...strict]),
  node: preset([...strict, ...node]),
  insecure: preset([...strict, ...node, ...insecure])
})

/**
 * All flags set. For readers that must accept all input that any preset accepts, such as tools that observe a
 * connection.
 *
 * @since 0.1.0
 * @category flags
 */
export const everyFlag: Flags = preset(flagNames)

/** Completes a caller's flags: adds missing flags with their value in `strict`. */
export const completeFlags = (given: Flags): Flags =>
  Object.isFrozen(given) && flagNames.every((name) => name in given)
    ? given
    : Object.freeze({ ...presets.strict, ...given })
