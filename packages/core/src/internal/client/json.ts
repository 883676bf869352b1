/**
 * Reads JSON from the text of a response body. An empty body is `null`, as in platform's responses.
 */
import * as Effect from "effect/Effect"
import { InvalidJson } from "../../errors/content.js"

/** Throws a `SyntaxError` for invalid JSON. */
export const valueOf = (text: string): unknown => (text === "" ? null : (JSON.parse(text) as unknown))

export const decodeJson = <E>(text: Effect.Effect<string, E>): Effect.Effect<unknown, E | InvalidJson> =>
  Effect.flatMap(text, (text) =>
    Effect.try({
      try: () => valueOf(text),
      catch: (error) => new InvalidJson({ reason: (error as SyntaxError).message })
    })
  )
