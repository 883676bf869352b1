/**
 * The modules of `@httpfx/testing`.
 *
 * - `MemoryNetwork`: a `Network` in memory that behaves like TCP under Effect's clock
 * - `Conditions`, `Verdict`, `Fault`: link conditions and faults of a memory network, also at positions in
 *   HTTP messages
 * - `MemoryTls`: certificates for a memory network, whose TLS is simulated and encrypts nothing
 * - `NetworkBattery`: conformance cases for `Network` implementations
 * - `VirtualClock`: a `Clock` that jumps from deadline to deadline
 * - `RawPeer`: a scripted peer for raw bytes
 * - `TestServer`: a server and a client for that server, in one layer
 * - `Simulation`: runs a program in virtual time, repeatable from a seed, and fails instead of hanging
 * - `Wiretap`: records every byte of any network
 * - `Quiet`: advances the clock of an ordinary test until nothing waits
 * - `ServerBattery`: conformance cases for HTTP servers
 * - `ClientBattery`: conformance cases for HTTP clients
 * - `Leaks`: fails a test that leaks a fiber, a timer, a connection, a listener or a request
 * - `Host`: hosts that crash and restart, each with its own wall clock
 * - `RealNetwork`: fails a test that uses the real network
 * - `Origin`: stubs of third-party services
 * - `Recording`: records and replays exchanges with a real service
 * - `Arbitraries`: fast-check arbitraries for messages, splits of bytes and fault schedules
 *
 * The package has two further entries: `@httpfx/testing/vitest` (matchers and hooks) and
 * `@httpfx/testing/tools` (inspector, HAR and pcap).
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
