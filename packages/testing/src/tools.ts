/**
 * Tools that show what happens: `@httpfx/testing/tools`. They are for people, not for assertions, and are
 * loaded from here alone.
 *
 * - `Inspector`: a look inside a running server while one develops
 * - `Har`: what a wiretap recorded as HAR 1.2, for the developer tools of browsers
 * - `Pcap`: the same as a capture file, for Wireshark
 *
 * @since 0.1.0
 */
export * as Har from "./Har.js"
export * as Inspector from "./Inspector.js"
export * as Pcap from "./Pcap.js"
