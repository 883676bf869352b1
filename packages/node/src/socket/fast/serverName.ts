/** The name that the client of a TLS session has asked for (SNI). `undefined`: none, or not known there. */
import type { TLSSocket } from "node:tls"

export const serverNameOf = (socket: TLSSocket): string | undefined =>
  (socket as { readonly servername?: string | false | null }).servername || undefined
