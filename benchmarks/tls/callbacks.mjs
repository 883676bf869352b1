// The callback of hello/callbacks.mjs on a module with the API of `node:https`.
import { tls } from "./certificate.mjs"
import { serve as serveOn } from "../hello/callbacks.mjs"

export const serve = ({ createServer }) =>
  serveOn({ createServer: (listener) => createServer(tls, listener) })
