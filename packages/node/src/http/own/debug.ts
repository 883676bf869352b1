/** Logs events of connections and messages to stderr, if `NODE_DEBUG=http` is set. */
import { debuglog } from "node:util"

export const debug = debuglog("http")
