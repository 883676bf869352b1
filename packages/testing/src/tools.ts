/**
 * The entry `@httpfx/testing/tools`. Its tools show recorded bytes and the state of a server to people, and
 * make no assertions. The package's main entry does not load these modules.
 *
 * @since 0.1.0
 */
export * as Har from "./Har.js"
export * as Inspector from "./Inspector.js"
export * as Pcap from "./Pcap.js"
