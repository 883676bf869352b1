// The client of httpfx without platform's types, with the default options.
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Client from "@httpfx/core/Client"
import * as NodeHttpClient from "@httpfx/node/NodeHttpClient"
import { loops } from "./platform.mjs"

export const start = async (url) => {
  const runtime = ManagedRuntime.make(NodeHttpClient.layer)
  const client = await runtime.runPromise(Client.Client)
  return loops(
    runtime,
    Effect.flatMap(client.request({ url }), (response) => response.text)
  )
}
