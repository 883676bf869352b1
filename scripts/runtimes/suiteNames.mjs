// The names of the suites, which batteries.mjs makes.
export const suiteNames = [
  "network on sockets",
  "server on sockets",
  "client on sockets",
  "features",
  "network in memory",
  "server in memory",
  "client in memory"
]
