/**
 * The trailers of an answer: announced by name before its head, given until its end (RFC 9110 §6.6.2).
 *
 * Made for an exchange when somebody adds one. What may be a trailer is `wire/`'s to say.
 */
export class ResponseTrailers {
  /** Name, value, name, value, ... */
  readonly fields: Array<string> = []
  private readonly names: Array<string> = []

  announce(name: string): void {
    if (!this.names.some((other) => other.toLowerCase() === name.toLowerCase())) this.names.push(name)
  }

  add(fields: ReadonlyArray<string>): void {
    for (let i = 0; i < fields.length; i += 2) this.announce(fields[i]!)
    this.fields.push(...fields)
  }

  /** The value of `Trailer`, as far as names are known. */
  get announced(): string {
    return this.names.join(", ")
  }
}
