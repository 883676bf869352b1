/** `NODE_DEBUG=http`: logs events of connections and messages to stderr. */
import { debuglog } from "node:util"

export const debug = debuglog("http")
