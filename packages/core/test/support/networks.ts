/** The networks on which tests run: the network in memory, and real sockets. */
import type * as Layer from "effect/Layer"
import type { Network } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { MemoryNetwork } from "@httpfx/testing"

export const networks: ReadonlyArray<readonly [string, Layer.Layer<Network.Network>]> = [
  ["memory", MemoryNetwork.layer()],
  ["node", NodeNetwork.layer]
]
