/**
 * Links and their clicks, in SQLite by libSQL, whose package contains its binary: installation compiles
 * nothing.
 *
 * Failures of the database are defects, because no caller can handle them. The server answers 500 and logs
 * them.
 */
import { SqlClient, SqlSchema } from "@effect/sql"
import { LibsqlClient, LibsqlMigrator } from "@effect/sql-libsql"
import {
  Array,
  Config,
  DateTime,
  Duration,
  Effect,
  Layer,
  Option,
  PubSub,
  Random,
  Schedule,
  Schema,
  Stream,
  String
} from "effect"
import { Click, Link, LinkExpired, LinkNotFound, Slug, SlugTaken, WebUrl, type NewLink } from "./api.js"

/** Links stay this long after they have expired, so that visitors learn why they lead nowhere. */
const keptAfterExpiry = Duration.days(30)

// Without characters that look alike.
const alphabet = [..."23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"]

// Random, but not secret: whoever guesses a slug may use it.
const randomSlug = Effect.map(
  Effect.replicateEffect(
    Effect.map(Random.nextIntBetween(0, alphabet.length), (i) => alphabet[i]!),
    7
  ),
  (characters) => Slug.make(characters.join(""))
)

/** A row of the table, whose times are milliseconds. */
const Row = Schema.Struct({
  slug: Slug,
  target: WebUrl,
  clicks: Schema.Int,
  createdAt: Schema.DateTimeUtcFromNumber,
  expiresAt: Schema.NullOr(Schema.DateTimeUtcFromNumber)
})
const link = (row: typeof Row.Type) => new Link(row)

export class Links extends Effect.Service<Links>()("shortener/Links", {
  scoped: Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // Followers that read too slowly miss clicks instead of delaying the visitors.
    const published = yield* PubSub.sliding<Click>(256)

    const insertRow = SqlSchema.findOne({
      Request: Row,
      Result: Row,
      execute: (row) => sql`INSERT INTO links ${sql.insert(row)} ON CONFLICT DO NOTHING RETURNING *`
    })
    const findRow = SqlSchema.findOne({
      Request: Slug,
      Result: Row,
      execute: (slug) => sql`SELECT * FROM links WHERE slug = ${slug}`
    })
    const newestRows = SqlSchema.findAll({
      Request: Schema.Void,
      Result: Row,
      execute: () => sql`SELECT * FROM links ORDER BY created_at DESC, slug LIMIT 100`
    })
    const countClick = SqlSchema.findOne({
      Request: Schema.Struct({ slug: Slug, at: Schema.DateTimeUtcFromNumber }),
      Result: Row,
      execute: ({ at, slug }) => sql`UPDATE links SET clicks = clicks + 1
        WHERE slug = ${slug} AND (expires_at IS NULL OR expires_at > ${at}) RETURNING *`
    })
    const removeExpired = SqlSchema.void({
      Request: Schema.DateTimeUtcFromNumber,
      execute: (before) => sql`DELETE FROM links WHERE expires_at < ${before}`
    })

    const insert = (slug: Slug, { expiresInDays, target }: NewLink) =>
      Effect.gen(function* () {
        const createdAt = yield* DateTime.now
        const expiresAt =
          expiresInDays === undefined ? null : DateTime.add(createdAt, { days: expiresInDays })
        const row = yield* Effect.orDie(insertRow({ slug, target, clicks: 0, createdAt, expiresAt }))
        return link(yield* Effect.mapError(row, () => new SlugTaken({ slug })))
      })

    const create = (wanted: NewLink) =>
      wanted.slug === undefined
        ? Effect.retry(
            Effect.flatMap(randomSlug, (slug) => insert(slug, wanted)),
            { times: 5 }
          )
        : insert(wanted.slug, wanted)

    const find = (slug: Slug) =>
      Effect.flatMap(Effect.orDie(findRow(slug)), (row) =>
        Effect.mapBoth(row, { onFailure: () => new LinkNotFound({ slug }), onSuccess: link })
      )

    const newest = Effect.map(Effect.orDie(newestRows()), Array.map(link))

    /** Counts a visit, and tells the followers. */
    const visit = (slug: Slug) =>
      Effect.gen(function* () {
        const at = yield* DateTime.now
        const row = yield* Effect.orDie(countClick({ slug, at }))
        if (Option.isNone(row)) {
          const { expiresAt } = yield* find(slug)
          return yield* new LinkExpired({ slug, expiredAt: expiresAt ?? at })
        }
        const { clicks, target } = row.value
        yield* PubSub.publish(published, new Click({ slug, clicks, at }))
        return target
      })

    /** The clicks of all links, from the subscription on. */
    const clicks = Stream.fromPubSub(published, { scoped: true })

    const cleanUp = Effect.flatMap(DateTime.now, (now) =>
      Effect.orDie(removeExpired(DateTime.subtractDuration(now, keptAfterExpiry)))
    )
    yield* Effect.forkScoped(Effect.repeat(cleanUp, Schedule.spaced("1 hour")))

    const ping = sql`SELECT 1`
    return { create, find, newest, visit, clicks, ping }
  })
}) {}

const migrations = LibsqlMigrator.fromRecord({
  "0001_links": Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`CREATE TABLE links (
      slug TEXT PRIMARY KEY,
      target TEXT NOT NULL,
      clicks INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER
    ) STRICT, WITHOUT ROWID`
  ),
  "0002_expiry": Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`CREATE INDEX links_expiry ON links (expires_at) WHERE expires_at IS NOT NULL`
  )
})

const Connection = LibsqlClient.layerConfig({
  url: Config.map(Config.withDefault(Config.string("DATABASE"), "shortener.db"), (file) => `file:${file}`),
  transformQueryNames: Config.succeed(String.camelToSnake),
  transformResultNames: Config.succeed(String.snakeToCamel)
})

// Readers and the writer do not block each other. Outside of the migrations, which are a transaction.
const WriteAheadLog = Layer.effectDiscard(
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`PRAGMA journal_mode = WAL`)
)

/** The file that `DATABASE` names, by default one in the working directory, with all migrations done. */
export const Database = LibsqlMigrator.layer({ loader: migrations }).pipe(
  Layer.provide(WriteAheadLog),
  Layer.provideMerge(Connection)
)
