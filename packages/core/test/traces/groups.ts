/** The groups of conversations. Each group has a file in `recorded/`. */
import * as callbackClient from "./callbackClient.js"
import { callbackServed } from "./callbackServing.js"
import { served } from "./serving.js"
import * as server from "./serverGroups.js"
import * as client from "./clientGroups.js"
import type { Conversation } from "./world.js"

const file = (name: string) => name.replaceAll(/[ ,]+/g, "-")

export const groups: ReadonlyArray<{
  readonly group: string
  readonly conversations: ReadonlyArray<Conversation>
}> = [
  { group: "server", conversations: [...server.ordinary(served), ...server.effectOnly] },
  ...["connections", "framing"].map((name) => ({
    group: `server-vectors-${name}`,
    conversations: server.vectors(served, `${name}.md`)
  })),
  ...server.lossNames.map((loss) => ({
    group: `server-${file(loss)}`,
    conversations: server.serverLosses(served, loss)
  })),
  { group: "server-offsets-end", conversations: server.serverOffsets(served, "end") },
  { group: "server-offsets-reset", conversations: server.serverOffsets(served, "reset") },
  { group: "client", conversations: client.ordinary },
  { group: "client-limits", conversations: client.limits },
  { group: "client-interruptions", conversations: client.interruptions },
  { group: "client-vectors-responses", conversations: client.responseVectors },
  { group: "client-losses", conversations: client.losses },
  { group: "client-offsets-end", conversations: client.clientOffsets("end") },
  { group: "client-offsets-reset", conversations: client.clientOffsets("reset") },
  { group: "callback-server", conversations: server.ordinary(callbackServed) },
  {
    group: "callback-server-vectors-connections",
    conversations: server.vectors(callbackServed, "connections.md")
  },
  ...server.lossNames.map((loss) => ({
    group: `callback-server-${file(loss)}`,
    conversations: server.serverLosses(callbackServed, loss)
  })),
  { group: "callback-client", conversations: callbackClient.ordinary },
  { group: "callback-client-offsets-end", conversations: callbackClient.offsets("end") },
  { group: "callback-client-offsets-reset", conversations: callbackClient.offsets("reset") }
]
