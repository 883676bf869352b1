/**
 * Converts received fields to the shapes that Node documents: `message.headers`, `headersDistinct`,
 * `trailers`, `trailersDistinct`. Each shape is computed from the raw list (name, value, name, value, ...)
 * when it is read.
 *
 * Never changes the raw list. A shape that is never read costs no time.
 *
 * @since 0.1.0
 */

/**
 * Fields by lower-case name. Each value is a string, with the exception of `set-cookie`, whose value is an
 * array.
 *
 * @since 0.1.0
 * @category models
 */
export type FoldedFields = { [name: string]: string | Array<string> | undefined }

/**
 * Fields by lower-case name. Each value is an array with all values of the field, in order.
 *
 * @since 0.1.0
 * @category models
 */
export type DistinctFields = { [name: string]: Array<string> | undefined }

/**
 * Options for combining repeated fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface FoldOptions {
  /**
   * Whether repeated fields are joined with `, ` even if the field permits only one value. If `false`,
   * repetitions of such a field are discarded. Default: `false`. Source: Node documentation,
   * http.createServer, joinDuplicateHeaders.
   */
  readonly joinDuplicateHeaders?: boolean | undefined
  /**
   * The object to fill. Default: a new object without a prototype, so that no field name collides with a
   * member of `Object.prototype`. In an object with a prototype, a field named `__proto__` is dropped.
   */
  readonly into?: FoldedFields | undefined
}

// If one of these fields is repeated, only its first value is kept (Node documentation, message.headers).
const onlyFirst: ReadonlySet<string> = new Set(
  (
    "age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since " +
    "last-modified location max-forwards proxy-authorization referer retry-after server user-agent"
  ).split(" ")
)

const emptyRecord = (): { [name: string]: never } => Object.create(null) as { [name: string]: never }

/**
 * Returns the fields as in `message.headers` (Node documentation). `set-cookie` is an array. Repeated
 * `cookie` fields are joined with `; `. Repetitions of fields with a single value are discarded. All other
 * repeated fields are joined with `, `.
 *
 * @since 0.1.0
 * @category views
 */
export const foldHeaders = (raw: ReadonlyArray<string>, options?: FoldOptions): FoldedFields => {
  const folded: FoldedFields = options?.into ?? emptyRecord()
  const joinAll = options?.joinDuplicateHeaders === true
  for (let i = 0; i + 1 < raw.length; i += 2) foldField(raw[i]!, raw[i + 1]!, folded, joinAll)
  return folded
}

/**
 * Adds one field to the result of `foldHeaders`.
 *
 * @since 0.1.0
 * @category views
 */
export const foldField = (field: string, value: string, folded: FoldedFields, joinAll: boolean): void => {
  const name = field.toLowerCase()
  // The value of an earlier field is a string or an array. Any other value is from a prototype, and is
  // replaced.
  const before = folded[name]
  if (name === "set-cookie") {
    if (Array.isArray(before)) before.push(value)
    else folded[name] = [value]
  } else if (typeof before !== "string") {
    folded[name] = value
  } else if (joinAll || !onlyFirst.has(name)) {
    folded[name] = before + (name === "cookie" ? "; " : ", ") + value
  }
}

/**
 * Returns the fields as in `message.headersDistinct` (Node documentation). The result has every value of
 * every field, and no prototype.
 *
 * @since 0.1.0
 * @category views
 */
export const distinctHeaders = (raw: ReadonlyArray<string>): DistinctFields => {
  const distinct: DistinctFields = emptyRecord()
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    const values = distinct[name]
    if (values === undefined) distinct[name] = [raw[i + 1]!]
    else values.push(raw[i + 1]!)
  }
  return distinct
}

/**
 * Returns the value of the first field with this lower-case name, or `undefined` if there is no such field.
 * Converts no other field.
 *
 * @since 0.1.0
 * @category views
 */
export const firstValue = (raw: ReadonlyArray<string>, name: string): string | undefined => {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const candidate = raw[i]!
    if (candidate.length === name.length && candidate.toLowerCase() === name) return raw[i + 1]
  }
  return undefined
}

/**
 * The folded view and the distinct view of one raw list. Each view is computed when it is first read, and
 * then cached.
 *
 * @since 0.1.0
 * @category views
 */
export class FieldViews {
  private foldedView: FoldedFields | undefined
  private distinctView: DistinctFields | undefined

  constructor(
    readonly raw: ReadonlyArray<string>,
    private readonly options?: FoldOptions
  ) {}

  /** The fields as in Node's `message.headers` and `message.trailers`. */
  get folded(): FoldedFields {
    return (this.foldedView ??= foldHeaders(this.raw, this.options))
  }

  /** The fields as in Node's `message.headersDistinct` and `message.trailersDistinct`. */
  get distinct(): DistinctFields {
    return (this.distinctView ??= distinctHeaders(this.raw))
  }
}
