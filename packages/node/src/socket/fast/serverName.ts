/**
 * The SNI name that the client of a TLS session sent; `undefined` if it sent no name or the name is unknown.
 */
import type { TLSSocket } from "node:tls"

export const serverNameOf = (socket: TLSSocket): string | undefined =>
  (socket as { readonly servername?: string | false | null }).servername || undefined
