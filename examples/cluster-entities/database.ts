/**
 * SQLite in a file that several processes share, by libSQL: its binary comes with its package, so that
 * nothing is downloaded from elsewhere or compiled when it is installed. For more than one machine take a
 * database that has a server.
 */
import { LibsqlClient } from "@effect/sql-libsql"
import { createClient, type Client, type TransactionMode } from "@libsql/client"
import { Config, Effect, Layer } from "effect"

// Another process may hold the file. Each connection must be told to wait for it, and a transaction takes one
// for itself.
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
      // Ids of messages have 64 bits.
      const client = patient(createClient({ url: `file:${file}`, intMode: "bigint" }))
      // Readers and a writer do not wait for each other.
      await client.execute("PRAGMA journal_mode = WAL")
      return client
    }),
    (client) => Effect.sync(() => client.close())
  )

/** The file that `DATABASE` names; without it, one in the folder in which the process was started. */
export const Database = Layer.unwrapScoped(
  Effect.map(
    Effect.flatMap(Config.withDefault(Config.string("DATABASE"), "counters.db"), open),
    (liveClient) => LibsqlClient.layer({ liveClient })
  )
)
