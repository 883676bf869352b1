/**
 * The strictness flags of the parser, and three presets of flags. Every flag that is set makes the parser
 * accept more input. Without flags the parser is as strict as RFC 9110 and RFC 9112 permit.
 * docs/strictness.md has a table of the flags and their counterparts in Node.
 */

/**
 * The strictness flags of a parser. Each flag accepts one deviation from the strictest reading of the
 * grammar. The RFC section in parentheses defines that part of the grammar.
 *
 * @since 0.1.0
 * @category flags
 */
export interface Flags {
  /**
   * Accepts a tab as whitespace after a length or an option of `Connection` (RFC 9110 §5.6.3). A tab after
   * the coding `chunked` also needs `otherTransferCodings`. Set only by the preset `strict`.
   */
  readonly tabsInFraming: boolean
  /**
   * Accepts characters in path and query that the URL standard does not percent-encode (RFC 9112 §3.2). Set
   * by all presets.
   */
  readonly urlCharacters: boolean
  /**
   * Accepts a status line that ends directly after its code, without the space before the reason (RFC 9112
   * §4). Set by all presets.
   */
  readonly missingReason: boolean
  /**
   * Accepts a 204 with `Content-Length` or `Transfer-Encoding`, but does not reuse its connection (RFC 9112
   * §6.3). Set by all presets.
   */
  readonly framedNoContent: boolean
  /**
   * Accepts a chunked HTTP/1.0 response, but does not reuse its connection (RFC 9112 §6.1). Set by all
   * presets.
   */
  readonly chunkedHttp10Response: boolean
  /**
   * Accepts a request line without a version, or with `HTTP/0.9` (obsolete since RFC 9110). Set by the
   * presets `node` and `insecure`.
   */
  readonly http09: boolean
  /**
   * Accepts `HTTP/2.0` as the version in a start line (RFC 9112 §2.3). Set by the presets `node` and
   * `insecure`.
   */
  readonly http20: boolean
  /**
   * Accepts every version of the form digit, dot, digit (RFC 9112 §2.3). Set only by the preset `insecure`.
   */
  readonly anyVersion: boolean
  /**
   * Accepts `RTSP/` and `ICE/` in place of `HTTP/` in a start line (RFC 9112 §2.3). Set by the presets `node`
   * and `insecure`.
   */
  readonly otherProtocols: boolean
  /**
   * Accepts any line breaks before a start line. Without the flag, empty lines may precede only a request,
   * and each empty line must end with CRLF (RFC 9112 §2.2). Set by the presets `node` and `insecure`.
   */
  readonly leadingLineBreaks: boolean
  /**
   * Accepts more than one space between the parts of a request line (RFC 9112 §3). Set by the presets `node`
   * and `insecure`.
   */
  readonly extraSpaces: boolean
  /**
   * Accepts fragments in a target, and bytes that neither RFC 3986 nor the URL standard permits (RFC 9112
   * §3.2). Set by the presets `node` and `insecure`.
   */
  readonly targetCharacters: boolean
  /**
   * Accepts a target with userinfo, with a malformed authority, or in a form that the method does not permit
   * (RFC 9112 §3.2). Set by the presets `node` and `insecure`.
   */
  readonly targetForms: boolean
  /**
   * Accepts a status line with control bytes in its reason, with a code below 100, or with two CR at its end
   * (RFC 9112 §4). Set by the presets `node` and `insecure`.
   */
  readonly looseStatusLine: boolean
  /** Accepts an HTTP/1.1 request without `Host` (RFC 9112 §3.2). Set by the presets `node` and `insecure`. */
  readonly missingHost: boolean
  /** Accepts more than one `Host` field (RFC 9112 §3.2). Set by the presets `node` and `insecure`. */
  readonly repeatedHost: boolean
  /**
   * Accepts a `Host` value that does not match `uri-host [ ":" port ]` (RFC 9112 §3.2, RFC 9110 §7.2). Set by
   * the presets `node` and `insecure`.
   */
  readonly invalidHost: boolean
  /**
   * Accepts a `Transfer-Encoding` with several codings, with one coding that is not `chunked`, or with an
   * empty value (RFC 9112 §6.1). Set by the presets `node` and `insecure`.
   */
  readonly otherTransferCodings: boolean
  /**
   * Accepts `Transfer-Encoding` in a message with a version below HTTP/1.1, and permits reuse of the
   * connection (RFC 9112 §6.1). Set by the presets `node` and `insecure`.
   */
  readonly transferEncodingInHttp10: boolean
  /**
   * Accepts a 1xx response with a framing field, and permits reuse of the connection after a 204 with a
   * framing field (RFC 9110 §8.6). Set by the presets `node` and `insecure`.
   */
  readonly lengthWithoutBody: boolean
  /**
   * Accepts lengths above 2^53-1, and lengths with more than 20 decimal or 16 hexadecimal digits (RFC 9112
   * §7.1). Set by the presets `node` and `insecure`.
   */
  readonly longNumbers: boolean
  /**
   * Accepts chunk extensions with an empty name, an empty value, or a quote inside a token (RFC 9112 §7.1.1).
   * Set by the presets `node` and `insecure`.
   */
  readonly chunkExtensionSyntax: boolean
  /**
   * Accepts trailer fields that frame, route or manage a message (RFC 9110 §6.5.1). Set by the presets `node`
   * and `insecure`.
   */
  readonly framingInTrailers: boolean
  /**
   * Accepts a field value that continues in the next line, if that line begins with a space or tab (RFC 9112
   * §5.2). Set only by the preset `insecure`.
   */
  readonly obsoleteFold: boolean
  /**
   * Accepts control bytes in field values, with the exception of NUL (RFC 9110 §5.5). Set only by the preset
   * `insecure`.
   */
  readonly controlsInValues: boolean
  /** Accepts NUL in field values (RFC 9110 §5.5). Set only by the preset `insecure`. */
  readonly nulInValues: boolean
  /**
   * Accepts spaces between the name of a framing field and its colon (RFC 9112 §5.1). Set only by the preset
   * `insecure`.
   */
  readonly spaceBeforeColon: boolean
  /** Accepts one space before the first field line (RFC 9112 §2.2). Set only by the preset `insecure`. */
  readonly spaceBeforeFields: boolean
  /** Accepts CR without LF as the end of a line (RFC 9112 §2.2). Set only by the preset `insecure`. */
  readonly bareCarriageReturn: boolean
  /** Accepts LF without CR as the end of a line (RFC 9112 §2.2). Set only by the preset `insecure`. */
  readonly bareLineFeed: boolean
  /**
   * Accepts a message with both `Content-Length` and `Transfer-Encoding`, and ignores `Content-Length` (RFC
   * 9112 §6.3). Set only by the preset `insecure`.
   */
  readonly lengthWithTransferEncoding: boolean
  /**
   * Accepts requests with another coding after `chunked`, or with other codings and no `chunked` (RFC 9112
   * §6.3). Set only by the preset `insecure`.
   */
  readonly chunkedNotLast: boolean
  /** Accepts spaces or tabs after a chunk's size (RFC 9112 §7.1). Set only by the preset `insecure`. */
  readonly spacesAfterChunkSize: boolean
  /**
   * Accepts a chunk without a line break after its data (RFC 9112 §7.1). Set only by the preset `insecure`.
   */
  readonly unterminatedChunks: boolean
  /**
   * Accepts further messages after a message that closes the connection (RFC 9112 §9.6). Set only by the
   * preset `insecure`.
   */
  readonly keepAliveAfterClose: boolean
  /**
   * Accepts and ignores bytes after a message that closes the connection (RFC 9112 §9.6). Set only by the
   * preset `insecure`.
   */
  readonly dataAfterClose: boolean
}

/**
 * The name of a flag. A refusal contains the name of the flag that would have accepted the bytes.
 *
 * @since 0.1.0
 * @category flags
 */
export type FlagName = keyof Flags

// Only `strict` sets `tabsInFraming`, because Node 20's parser does not accept these tabs as whitespace.
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

type Listed = (typeof strictOnly | typeof strict | typeof node | typeof insecure)[number]

/**
 * The type check fails here if a flag of {@link Flags} is missing from all four lists, because no preset
 * would then set the flag.
 */
type Complete = [FlagName] extends [Listed]
  ? ReadonlyArray<FlagName>
  : { readonly notListed: Exclude<FlagName, Listed> }

const names = [...strictOnly, ...strict, ...node, ...insecure] satisfies Complete

/**
 * The names of all flags. The flags of `strict` come first, then the flags that `node` adds, then the flags
 * that `insecure` adds.
 *
 * @since 0.1.0
 * @category flags
 */
export const flagNames: ReadonlyArray<FlagName> = names

const preset = (on: ReadonlyArray<FlagName>): Flags =>
  Object.freeze(Object.fromEntries(flagNames.map((name) => [name, on.includes(name)]))) as unknown as Flags

/**
 * The presets of flags. `strict` accepts the grammar of the RFCs, and common deviations that do not affect
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
 * All flags set, for tools that observe a connection. The parser of such a tool must accept all input that
 * any preset accepts.
 *
 * @since 0.1.0
 * @category flags
 */
export const everyFlag: Flags = preset(flagNames)

/** Completes a caller's flags. A missing flag gets its value in the preset `strict`. */
export const completeFlags = (given: Flags): Flags =>
  Object.isFrozen(given) && flagNames.every((name) => name in given)
    ? given
    : Object.freeze({ ...presets.strict, ...given })
