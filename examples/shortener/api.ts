/**
 * The API without its implementation: paths, schemas and typed errors. The server implements it; the client
 * of the tests and the page at `/docs` are derived from it.
 */
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  OpenApi
} from "@effect/platform"
import { Schema } from "effect"

// At least five characters, so that no slug is one of the server's own paths (`/api`, `/docs`).
export const Slug = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{5,40}$/),
  Schema.brand("Slug"),
  Schema.annotations({ identifier: "Slug", description: "5 to 40 letters, digits, - and _" })
)
export type Slug = typeof Slug.Type

const isWebUrl = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

export const WebUrl = Schema.String.pipe(
  Schema.maxLength(2000),
  Schema.filter(isWebUrl, { jsonSchema: { format: "uri" } }),
  Schema.annotations({ identifier: "WebUrl", description: "a URL with http: or https:" })
)

export class Link extends Schema.Class<Link>("Link")({
  slug: Slug,
  target: WebUrl,
  clicks: Schema.NonNegativeInt,
  createdAt: Schema.DateTimeUtc,
  expiresAt: Schema.NullOr(Schema.DateTimeUtc)
}) {}

export class NewLink extends Schema.Class<NewLink>("NewLink")({
  target: WebUrl,
  /** Random unless given. */
  slug: Schema.optional(Slug),
  expiresInDays: Schema.optional(Schema.Int.pipe(Schema.between(1, 365)))
}) {}

/** A visit of a link, as followers receive it. `clicks` counts the visits up to this one. */
export class Click extends Schema.Class<Click>("Click")({
  slug: Slug,
  clicks: Schema.NonNegativeInt,
  at: Schema.DateTimeUtc
}) {}

/** The message of a WebSocket that chooses the links to follow. The last one counts. */
export class Follow extends Schema.Class<Follow>("Follow")({
  follow: Schema.Array(Slug).pipe(Schema.maxItems(100))
}) {}

export class LinkNotFound extends Schema.TaggedError<LinkNotFound>()(
  "LinkNotFound",
  { slug: Slug },
  HttpApiSchema.annotations({ status: 404 })
) {}

export class LinkExpired extends Schema.TaggedError<LinkExpired>()(
  "LinkExpired",
  { slug: Slug, expiredAt: Schema.DateTimeUtc },
  HttpApiSchema.annotations({ status: 410 })
) {}

export class SlugTaken extends Schema.TaggedError<SlugTaken>()(
  "SlugTaken",
  { slug: Slug },
  HttpApiSchema.annotations({ status: 409 })
) {}

export class TooManyLinks extends Schema.TaggedError<TooManyLinks>()(
  "TooManyLinks",
  { retryAfterSeconds: Schema.Int },
  HttpApiSchema.annotations({ status: 429 })
) {}

export class NotAWebSocket extends HttpApiSchema.EmptyError<NotAWebSocket>()({
  tag: "NotAWebSocket",
  status: 426
}) {}

/** Limits the links that one client creates. */
export class CreationLimit extends HttpApiMiddleware.Tag<CreationLimit>()("shortener/CreationLimit", {
  failure: TooManyLinks
}) {}

const slug = HttpApiSchema.param("slug", Slug)

export class Links extends HttpApiGroup.make("links")
  .add(HttpApiEndpoint.get("list", "/links").addSuccess(Schema.Array(Link)))
  .add(
    HttpApiEndpoint.post("create", "/links")
      .setPayload(NewLink)
      .addSuccess(Link, { status: 201 })
      .addError(SlugTaken)
      .middleware(CreationLimit)
  )
  .add(HttpApiEndpoint.get("get")`/links/${slug}`.addSuccess(Link).addError(LinkNotFound))
  .prefix("/api") {}

/** Clicks as they happen: of one link as server-sent events, of several over a WebSocket. */
export class Clicks extends HttpApiGroup.make("clicks")
  .add(
    HttpApiEndpoint.get("events")`/links/${slug}/clicks`
      .addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
      .addError(LinkNotFound)
  )
  .add(HttpApiEndpoint.get("socket", "/clicks").addError(NotAWebSocket))
  .prefix("/api") {}

export class Redirects extends HttpApiGroup.make("redirects", { topLevel: true }).add(
  HttpApiEndpoint.get("visit")`/${slug}`
    .addSuccess(Schema.Void, { status: 302 })
    .addError(LinkNotFound)
    .addError(LinkExpired)
) {}

export class Api extends HttpApi.make("shortener")
  .add(Links)
  .add(Clicks)
  .add(Redirects)
  .annotate(OpenApi.Title, "Shortener") {}
