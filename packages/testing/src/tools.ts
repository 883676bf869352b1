/**
 * The entry `@httpfx/testing/tools`. Its tools show recorded bytes and the state of a server to people, and
 * make no assertions. The index of the package does not load these modules.
 *
 * - `Inspector`: shows the state of a running server during development
 * - `Har`: converts the recordings of a wiretap to HAR 1.2, for browsers' developer tools
 * - `Pcap`: converts the recordings of a wiretap to a capture file, for Wireshark
 *
 * @since 0.1.0
 */
export * as Har from "./Har.js"
export * as Inspector from "./Inspector.js"
export * as Pcap from "./Pcap.js"
