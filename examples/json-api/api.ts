/**
 * The definition of the API, without its implementation: the server implements it; the client and the page at
 * `/docs` are derived from it.
 */
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"

export class Note extends Schema.Class<Note>("Note")({
  id: Schema.Int,
  text: Schema.NonEmptyTrimmedString.pipe(Schema.maxLength(1000))
}) {}

export class NoSuchNote extends Schema.TaggedError<NoSuchNote>()(
  "NoSuchNote",
  { id: Schema.Int },
  HttpApiSchema.annotations({ status: 404 })
) {}

const id = HttpApiSchema.param("id", Schema.NumberFromString.pipe(Schema.int()))

export class Notes extends HttpApiGroup.make("notes")
  .add(HttpApiEndpoint.get("list", "/notes").addSuccess(Schema.Array(Note)))
  .add(
    HttpApiEndpoint.post("add", "/notes")
      .setPayload(Note.pipe(Schema.pick("text")))
      .addSuccess(Note, { status: 201 })
  )
  .add(HttpApiEndpoint.get("get")`/notes/${id}`.addSuccess(Note).addError(NoSuchNote))
  .add(HttpApiEndpoint.del("remove")`/notes/${id}`.addError(NoSuchNote)) {}

export class Api extends HttpApi.make("notes").add(Notes).annotate(OpenApi.Title, "Notes") {}
