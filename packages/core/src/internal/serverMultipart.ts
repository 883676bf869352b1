/**
 * The parts of a multipart body (RFC 2046 §5.1) through platform's parser, which must not be given a body that is cut
 * off before its closing delimiter: cut between two parts, or in a part's fields, it would wait for more without end.
 *
 * Looks at the end of the body only; copies nothing but that.
 */
import * as Respondable from "@effect/platform/HttpServerRespondable"
import * as ServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import type * as Chunk from "effect/Chunk"
import * as Stream from "effect/Stream"

// What may follow the closing delimiter (an epilogue, which nobody sends in a form), in bytes.
const epilogue = 1024

const boundaryOf = (contentType: string): string | undefined => {
  const found = /;\s*boundary=(?:"([^"]*)"|([^\s;]+))/i.exec(contentType)
  return found?.[1] ?? found?.[2]
}

class Ending {
  // Views, with at least what is to be kept: looked at once, at the end.
  private readonly last: Array<Uint8Array> = []
  private held = 0
  private readonly kept: number

  constructor(private readonly delimiter: string) {
    this.kept = delimiter.length + epilogue
  }

  readonly see = (chunk: Chunk.Chunk<Uint8Array>): Chunk.Chunk<Uint8Array> => {
    const { last } = this
    for (const slice of chunk) {
      last.push(slice)
      this.held += slice.length
      while (this.held - last[0]!.length >= this.kept) this.held -= last.shift()!.length
    }
    return chunk
  }

  get closed(): boolean {
    let text = ""
    for (const slice of this.last) text += String.fromCharCode(...slice.subarray(-this.kept))
    return text.slice(-this.kept).includes(this.delimiter)
  }
}

const cutOff = () =>
  new Multipart.MultipartError({
    reason: "Parse",
    cause: new Error("the body ends before its last part does")
  })

const statuses: Partial<Record<Multipart.MultipartError["reason"], number>> = {
  Parse: 400,
  TooManyParts: 413,
  FieldTooLarge: 413,
  FileTooLarge: 413,
  BodyTooLarge: 413
}

// What is answered when the failure reaches the server: platform's error has no answer of its own, which would mean 500.
const answerable = (error: Multipart.MultipartError): Multipart.MultipartError => {
  const status = statuses[error.reason]
  if (status === undefined) return error
  return Object.defineProperty(error, Respondable.symbol, { value: () => ServerResponse.empty({ status }) })
}

/** The parts of `body`, whose fields say how they are delimited. */
export const parts = (
  headers: Record<string, string>,
  body: Stream.Stream<Uint8Array, Multipart.MultipartError>
): Stream.Stream<Multipart.Part, Multipart.MultipartError> =>
  Stream.suspend(() => {
    const boundary = boundaryOf(headers["content-type"] ?? "")
    // Without one the parser fails by itself.
    const ending = new Ending(`--${boundary ?? ""}--`)
    const checked = Stream.concat(
      Stream.mapChunks(body, ending.see),
      Stream.suspend(() => (ending.closed ? Stream.empty : Stream.fail(cutOff())))
    )
    return Stream.mapError(Stream.pipeThroughChannel(checked, Multipart.makeChannel(headers)), answerable)
  })
