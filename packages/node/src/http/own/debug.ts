/** `NODE_DEBUG=http`: what happens to connections and messages, on stderr. */
import { debuglog } from "node:util"

export const debug = debuglog("http")
