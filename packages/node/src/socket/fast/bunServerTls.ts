/**
 * Adds TLS to a socket of Bun. In the server role, `upgradeTLS` needs the undocumented option `isServer`.
 * Without this option, every server-side handshake would fail.
 */
import type { BunSocket, Upgrade } from "../bun/api.js"

export const upgrade = (socket: BunSocket, role: "client" | "server", options: Upgrade) => {
  const given: Upgrade & { readonly isServer: boolean } = { ...options, isServer: role === "server" }
  return socket.upgradeTLS(given)
}
