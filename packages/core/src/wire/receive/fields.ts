/**
 * Received fields in the shapes that Node documents: `message.headers`, `headersDistinct`, `trailers`,
 * `trailersDistinct`. All are computed from the raw list (name, value, name, value, ...) when read.
 *
 * Never changes the raw list. Handling a request does not need these views.
 *
 * @since 0.1.0
 */

/**
 * Fields by lower-case name. The value is a string, but an array for `set-cookie`.
 *
 * @since 0.1.0
 * @category models
 */
export type FoldedFields = { [name: string]: string | Array<string> | undefined }

/**
 * Fields by lower-case name. The value is an array of all values of the field, in order.
 *
 * @since 0.1.0
 * @category models
 */
export type DistinctFields = { [name: string]: Array<string> | undefined }

/**
 * How repeated fields are combined.
 *
 * @since 0.1.0
 * @category models
 */
export interface FoldOptions {
  /**
   * Join repeated fields with `, ` even if the field permits only one value. If false, repetitions of such a
   * field are discarded. Default: false. Source: Node documentation, http.createServer, joinDuplicateHeaders.
   */
  readonly joinDuplicateHeaders?: boolean | undefined
  /**
   * The object to fill. Default: a new object without prototype, so that no name collides with a member of
   * `Object.prototype`. In an ordinary object, a field named `__proto__` is dropped.
   */
  readonly into?: FoldedFields | undefined
}

// Of these fields, all values but the first are discarded (Node documentation, message.headers).
const onlyFirst: ReadonlySet<string> = new Set(
  (
    "age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since " +
    "last-modified location max-forwards proxy-authorization referer retry-after server user-agent"
  ).split(" ")
)

const emptyRecord = (): { [name: string]: never } => Object.create(null) as { [name: string]: never }

/**
 * Returns the fields as in `message.headers` (Node documentation): `set-cookie` is an array, repeated
 * `cookie` fields are joined with `; `, repetitions of single-value fields are discarded, and all other
 * repetitions are joined with `, `.
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
 * Adds one field to a folded view: one step of `foldHeaders`.
 *
 * @since 0.1.0
 * @category views
 */
export const foldField = (field: string, value: string, folded: FoldedFields, joinAll: boolean): void => {
  const name = field.toLowerCase()
  // An earlier field has left a string or an array. Any other value is from a prototype and is replaced.
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
 * Returns the fields as in `message.headersDistinct` (Node documentation): every value of every field, with
 * nothing joined or discarded. The object has no prototype.
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
 * Returns the value of the first field with this lower-case name, or `undefined`. Creates no view.
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
 * Both views of one raw list. A view is computed when it is first read, and then cached.
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

  /** As `message.headers` and `message.trailers`. */
  get folded(): FoldedFields {
    return (this.foldedView ??= foldHeaders(this.raw, this.options))
  }

  /** As `message.headersDistinct` and `message.trailersDistinct`. */
  get distinct(): DistinctFields {
    return (this.distinctView ??= distinctHeaders(this.raw))
  }
}
