const networks = (place) => [`network ${place}`, `server ${place}`, `client ${place}`]

/** Returns the names of a runtime's suites. batteries.mjs implements these suites. */
export const suiteNames = (runtime) => [
  ...networks("on sockets"),
  "features",
  ...(runtime === "bun" ? [...networks("on BunNetwork"), "features on BunNetwork"] : []),
  ...networks("in memory")
]
