/**
 * Tools that show what happens on the wire and in a server: `@httpfx/testing/tools`. For people, not for
 * assertions; no other entry loads them.
 *
 * - `Inspector`: shows the inside of a running server during development
 * - `Har`: converts the recordings of a wiretap to HAR 1.2, for browsers' developer tools
 * - `Pcap`: converts them to a capture file, for Wireshark
 *
 * @since 0.1.0
 */
export * as Har from "./Har.js"
export * as Inspector from "./Inspector.js"
export * as Pcap from "./Pcap.js"
