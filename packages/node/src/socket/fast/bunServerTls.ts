/**
 * Adds TLS to a socket of Bun. For the server side, `upgradeTLS` needs the option `isServer`, which Bun's
 * documentation does not name. Without it every handshake as server would fail.
 */
import type { BunSocket, Upgrade } from "../bun/api.js"

export const upgrade = (socket: BunSocket, role: "client" | "server", options: Upgrade) => {
  const given: Upgrade & { readonly isServer: boolean } = { ...options, isServer: role === "server" }
  return socket.upgradeTLS(given)
}
