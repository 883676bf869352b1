/**
 * Returns the SNI name that the client of a TLS session sent. Returns `undefined` if the client sent no name,
 * or if the server does not know the name.
 */
import type { TLSSocket } from "node:tls"

export const serverNameOf = (socket: TLSSocket): string | undefined =>
  (socket as { readonly servername?: string | false | null }).servername || undefined
