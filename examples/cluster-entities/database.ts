/**
 * SQLite in a file shared by several processes, with libSQL: its package contains the binary, so that
 * installation downloads and compiles nothing else. For several machines use a database server.
 */
import { LibsqlClient } from "@effect/sql-libsql"
import { createClient, type Client, type TransactionMode } from "@libsql/client"
import { Config, Effect, Layer } from "effect"

// Another process may have locked the file. Each connection must be configured to wait for it, and a
// transaction takes a connection of its own.
const patient = (client: Client): Client => {
  const execute = client.execute.bind(client)
  const transaction = client.transaction.bind(client)
  let told = false
  const tell = async () => {
    if (!told) await execute("PRAGMA busy_timeout = 5000")
    told = true
  }
  return Object.assign(client, {
    execute: async (statement: Parameters<typeof execute>[0]) => {
      await tell()
      return execute(statement)
    },
    transaction: async (mode?: TransactionMode) => {
      await tell()
      told = false
      return transaction(mode ?? "write")
    }
  })
}

const open = (file: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      // Message ids have 64 bits.
      const client = patient(createClient({ url: `file:${file}`, intMode: "bigint" }))
      // Readers and a writer do not block each other.
      await client.execute("PRAGMA journal_mode = WAL")
      return client
    }),
    (client) => Effect.sync(() => client.close())
  )

/** The file named by `DATABASE`; by default one in the working directory. */
export const Database = Layer.unwrapScoped(
  Effect.map(
    Effect.flatMap(Config.withDefault(Config.string("DATABASE"), "counters.db"), open),
    (liveClient) => LibsqlClient.layer({ liveClient })
  )
)
