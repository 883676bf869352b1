/**
 * The parts of `@httpfx/testing`.
 *
 * - `MemoryNetwork`: a `Network` in memory that behaves like TCP under Effect's clock
 * - `Conditions`, `Verdict`, `Fault`: how good its ways are, and everything that can go wrong on them, HTTP
 *   included
 * - `MemoryTls`: certificates for it, described instead of encrypted
 * - `NetworkBattery`: what every `Network` must do, as named effects
 * - `VirtualClock`: a `Clock` that jumps from deadline to deadline
 * - `RawPeer`: the other side of a connection by hand
 * - `TestServer`: a server and a client that reaches it, in one layer
 * - `Simulation`: a program in virtual time, repeatable from a seed, that fails instead of hanging
 * - `Wiretap`: any network with a record of every byte
 * - `Quiet`: time that moves by itself in an ordinary test
 * - `ServerBattery`: what every HTTP server must do, as named effects
 * - `ClientBattery`: what every HTTP client must do, as named effects
 * - `Leaks`: fails a test that leaves a fiber, a timer, a connection, a listener or a request
 * - `Host`: machines that crash and come back, with wall clocks of their own
 * - `RealNetwork`: fails a test that uses the real network after all
 * - `Origin`: third-party services as stubs behind the network
 * - `Recording`: exchanges with a real service, kept and replayed
 * - `Arbitraries`: messages, cuts and faults for fast-check
 *
 * Two entries of their own: `@httpfx/testing/vitest`, matchers and hooks, and `@httpfx/testing/tools`, the
 * inspector, HAR and pcap.
 *
 * @since 0.1.0
 */
export * as MemoryNetwork from "./MemoryNetwork.js"
export * as Conditions from "./Conditions.js"
export * as Verdict from "./Verdict.js"
export * as Fault from "./Fault.js"
export * as MemoryTls from "./MemoryTls.js"
export * as NetworkBattery from "./NetworkBattery.js"
export * as VirtualClock from "./VirtualClock.js"
export * as RawPeer from "./RawPeer.js"
export * as TestServer from "./TestServer.js"
export * as Simulation from "./Simulation.js"
export * as Wiretap from "./Wiretap.js"
export * as Quiet from "./Quiet.js"
export * as ServerBattery from "./ServerBattery.js"
export * as ClientBattery from "./ClientBattery.js"
export * as Leaks from "./Leaks.js"
export * as Origin from "./Origin.js"
export * as Recording from "./Recording.js"
export * as Arbitraries from "./Arbitraries.js"
export * as Host from "./Host.js"
export * as RealNetwork from "./RealNetwork.js"
