/**
 * The outcome of parsing a stream, in a form in which two parsers can be compared: the events, with adjacent
 * data joined, and the ending.
 */

export type Role = "request" | "response"

/**
 * The replies to heads: always read, always skip, stop if the head has an upgrade, or read and skip by turns.
 */
export type Answering = "read" | "skip" | "stop" | "turns"

export interface Case {
  readonly role: Role
  readonly answering: Answering
  readonly maxHeaderSize: number
  /** All bytes in one buffer. The chunks are views of this buffer. */
  readonly bytes: Buffer
  /** The ends of the chunks, in ascending order. The last end is the length of the stream. */
  readonly cuts: ReadonlyArray<number>
}

export type Event =
  | {
      readonly _tag: "Head"
      readonly start: string
      readonly version: string
      readonly rawHeaders: ReadonlyArray<string>
      readonly upgrade: boolean
      readonly keepAlive: boolean
    }
  | { readonly _tag: "Data"; text: string }
  | { readonly _tag: "Complete"; readonly rawTrailers: ReadonlyArray<string> }

export type Ending =
  /** `silent` occurs only for Node's parser, which reports no errors after a head with an upgrade. */
  | { readonly _tag: "Open"; readonly silent: boolean }
  | { readonly _tag: "Stopped"; readonly consumed: number }
  | { readonly _tag: "Refused"; readonly code: string; readonly reason: string; readonly offset: number }
  /**
   * Only for Node's parser: the position of an error that it did not report, after a head with an upgrade.
   */
  | { readonly _tag: "Swallowed"; readonly offset: number }

export interface Outcome {
  readonly events: ReadonlyArray<Event>
  readonly ending: Ending
}

export const answer = (answering: Answering, upgrade: boolean, index: number): 0 | 1 | 2 => {
  switch (answering) {
    case "read":
      return 0
    case "skip":
      return 1
    case "stop":
      return upgrade ? 2 : 0
    case "turns":
      return index % 2 === 0 ? 0 : 1
  }
}

/** Collects events, and joins adjacent data events. */
export class Log {
  readonly events: Array<Event> = []
  heads = 0

  head(event: Extract<Event, { _tag: "Head" }>): void {
    this.events.push(event)
    this.heads++
  }

  data(text: string): void {
    const last = this.events.at(-1)
    if (last?._tag === "Data") last.text += text
    else this.events.push({ _tag: "Data", text })
  }

  complete(rawTrailers: ReadonlyArray<string>): void {
    this.events.push({ _tag: "Complete", rawTrailers })
  }
}

export const showBytes = (bytes: Buffer): string => JSON.stringify(bytes.toString("latin1"))
