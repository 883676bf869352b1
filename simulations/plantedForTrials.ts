/**
 * Planted bugs for the trials: combined limits, ends of connections, expectations, upgrades, texts, sizes and
 * clocks.
 */
import type { Planted } from "./plant.js"

/**
 * Bugs that only the trials find, which use no services and no faults. File names refer to the compiled core.
 */
export const forTrials: ReadonlyArray<Planted> = [
  {
    name: "Connection: close on a chunked response is ignored",
    file: "connection/client/reception.js",
    find: "keepAlive: head.keepAlive || (",
    replace: "keepAlive: head.keepAlive || head.chunked || ("
  },
  {
    name: "Connection: close on a chunked request is ignored",
    file: "connection/server/connection.js",
    find: "(exchange.head.keepAlive ? 0 : Against.RequestClose)",
    replace: "(exchange.head.keepAlive || exchange.head.chunked ? 0 : Against.RequestClose)",
    also: {
      file: "connection/server/connection.js",
      find: "this.automaton.requestHead(head);",
      replace: "this.automaton.requestHead(head.chunked ? { keepAlive: true } : head);"
    }
  },
  {
    name: "the limit of a body is checked only when all of it has arrived",
    file: "connection/transfer/body.js",
    find: "if (limit !== undefined && this.waiting > limit) {",
    replace: 'if (limit !== undefined && this.state === "ended" && this.waiting > limit) {'
  },
  {
    name: "the limit of a streamed body applies to each piece",
    file: "internal/incomingBody.js",
    find: "limit === undefined || this.received <= limit)",
    replace: "limit === undefined || slices.every((slice) => slice.length <= limit))"
  },
  {
    name: "the limit between pieces of a body is off after a pause of the reader",
    file: "connection/client/watch.js",
    find: `this.stepDue = Infinity;
        this.due = this.spanDue;`,
    replace: `this.limits = { ...this.limits, [this.step]: Infinity };
        this.stepDue = Infinity;
        this.due = this.spanDue;`
  },
  {
    name: "the total limit is ignored while a step has its own",
    file: "connection/client/watch.js",
    find: "this.due = Math.min(this.stepDue, this.spanDue);",
    replace: "this.due = this.stepDue === Infinity ? this.spanDue : this.stepDue;"
  },
  {
    name: "half a character of a body leaks into the next one's text, in the client",
    file: "internal/client/response.js",
    find: "decoder.decode(bytes);",
    replace: "decoder.decode(bytes, { stream: true });"
  },
  {
    name: "half a character of a body leaks into the next one's text, in the server",
    file: "internal/server/request.js",
    find: "decoder.decode(bytes);",
    replace: "decoder.decode(bytes, { stream: true });"
  },
  {
    name: "a connection that was handed over keeps its slot in the agent",
    file: "connection/client/pool.js",
    find: `this.free(connection.bucket);
        this.checkEmpty();`,
    replace: "this.checkEmpty();"
  },
  {
    name: "the keep-alive hint of a connection comes from the previous response",
    file: "connection/client/pool.js",
    find: "hint: keepAlive === undefined ? undefined : keepAliveHint(keepAlive),",
    replace: "hint: (this.hint = keepAlive === undefined ? this.hint : keepAliveHint(keepAlive)),"
  },
  {
    name: "an idle connection is used past its expiry when the timer is late",
    file: "connection/client/stock.js",
    find: "now < connection.usableUntil && connection",
    replace: "connection"
  },
  {
    name: "the slot of an address is not released",
    file: "connection/server/admission.js",
    find: "const left = this.byAddress.get(address) - 1;",
    replace: "const left = this.byAddress.get(address);"
  },
  {
    name: "the bytes written on the first connection are forgotten on a retry",
    file: "connection/client/exchange.js",
    find: "this.takenBefore = this.written;",
    replace: ""
  },
  {
    name: "a body whose expectation was refused is sent when the wait expires",
    file: "connection/client/reception.js",
    find: `this.line.stopWaiting();
        if (this.automaton.switched) {`,
    replace: "if (this.automaton.switched) {"
  },
  {
    name: "a body waits for 100 Continue forever",
    file: "connection/client/connection.js",
    find: "timers.at(timers.now() + request.continueTimeout, this.proceed);",
    replace: "() => {};"
  },
  {
    name: "100 Continue is sent before the handler reads",
    file: "connection/server/connection.js",
    find: "const exchange = this.owner.open(this, head, this.automaton.exchanges);",
    replace: `const exchange = this.owner.open(this, head, this.automaton.exchanges);
        if (head.expectContinue) this.inform(exchange, 100, continueHead);`
  },
  {
    name: "a client's limits use the wall clock",
    file: "connection/client/pool.js",
    find: "now = () => this.timers.now();",
    replace: "now = () => this.timers.wallTime();"
  },
  {
    name: "the start of a request is read from the wall clock",
    file: "connection/server/connection.js",
    find: "this.waits.requestBegun(this.server.timers.now());",
    replace: "this.waits.requestBegun(this.server.timers.wallTime());"
  },
  {
    name: "limits of one exchange are ignored in favour of the server's",
    file: "connection/server/deadlines.js",
    find: "exchange?.deadlines ?? server.settings.timeouts",
    replace: "server.settings.timeouts"
  },
  {
    name: "bytes after the head of an upgrade are lost",
    file: "connection/server/upgrade.js",
    find: "const initial = connection.inflow.takeAll();",
    replace: "const initial = connection.inflow.takeAll().subarray(0, 0);"
  },
  {
    name: "bytes after the head of an upgrade are not counted",
    file: "connection/server/upgrade.js",
    find: "received: initial.length,",
    replace: "received: 0,"
  }
]
