/**
 * The trailers of a response. Names can be announced until the head is sent (RFC 9110 §6.6.2). Fields can be
 * added until the response is complete.
 *
 * Created when the first name is announced or the first field is added. `wire/` decides which fields are
 * allowed.
 */
export class ResponseTrailers {
  /** The trailer lines: name, value, name, value, ... */
  readonly fields: Array<string> = []
  private readonly names: Array<string> = []

  announce(name: string): void {
    if (!this.names.some((other) => other.toLowerCase() === name.toLowerCase())) this.names.push(name)
  }

  add(fields: ReadonlyArray<string>): void {
    for (let i = 0; i < fields.length; i += 2) this.announce(fields[i]!)
    this.fields.push(...fields)
  }

  /** The value of the field `Trailer`, which lists the names announced so far. */
  get announced(): string {
    return this.names.join(", ")
  }
}
