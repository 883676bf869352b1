// A client of the Effect API, as a user would bundle it.
import { Client } from "@httpfx/core"
import { NodeHttpClient } from "@httpfx/node"
import { Console, Effect } from "effect"

const main = Client.request({ url: `http://127.0.0.1:${process.env.PORT}/` }).pipe(
  Effect.flatMap((response) => response.text),
  Effect.flatMap(Console.log),
  Effect.provide(NodeHttpClient.layer)
)

Effect.runPromise(main)
