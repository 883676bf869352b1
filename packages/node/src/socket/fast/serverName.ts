/**
 * Returns the SNI name that the client of a TLS session sent, or `undefined` if the client sent no name or
 * the name is unknown.
 */
import type { TLSSocket } from "node:tls"

export const serverNameOf = (socket: TLSSocket): string | undefined =>
  (socket as { readonly servername?: string | false | null }).servername || undefined
