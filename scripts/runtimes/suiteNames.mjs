const networks = (place) => [`network ${place}`, `server ${place}`, `client ${place}`]

/** The names of the suites of a runtime, which batteries.mjs makes. */
export const suiteNames = (runtime) => [
  ...networks("on sockets"),
  "features",
  ...(runtime === "bun" ? [...networks("on BunNetwork"), "features on BunNetwork"] : []),
  ...networks("in memory")
]
