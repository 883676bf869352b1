/**
 * Bugs for the trials: of limits in combination, the ends of connections, expectations, take-overs, texts,
 * sizes and clocks.
 */
import type { Planted } from "./plant.js"

/**
 * Those that the trials alone find, without the services and the weather. Their files are those of the
 * compiled core.
 */
export const forTrials: ReadonlyArray<Planted> = [
  {
    name: "Connection: close on a chunked answer is ignored",
    file: "connection/client/reception.js",
    find: "keepAlive: head.keepAlive || (",
    replace: "keepAlive: head.keepAlive || head.chunked || ("
  },
  {
    name: "Connection: close on a chunked request is ignored",
    file: "connection/server/connection.js",
    find: "!exchange.head.keepAlive || this.parser.stopped",
    replace: "!(exchange.head.keepAlive || exchange.head.chunked) || this.parser.stopped",
    also: {
      file: "connection/server/connection.js",
      find: "this.automaton.requestHead(head);",
      replace: "this.automaton.requestHead(head.chunked ? { keepAlive: true } : head);"
    }
  },
  {
    name: "the limit of a body is looked at when all of it has come",
    file: "connection/transfer/body.js",
    find: "if (limit !== undefined && this.waiting > limit) {",
    replace: 'if (limit !== undefined && this.state === "ended" && this.waiting > limit) {'
  },
  {
    name: "the limit of a streamed body is that of each piece",
    file: "internal/incomingBody.js",
    find: "limit === undefined || this.received <= limit)",
    replace: "limit === undefined || slices.every((slice) => slice.length <= limit))"
  },
  {
    name: "the limit of a body's silence is dead after a pause of the reader",
    file: "connection/client/watch.js",
    find: `this.stepDue = Infinity;
        this.due = this.totalDue;`,
    replace: `this.limits = { ...this.limits, [this.step]: Infinity };
        this.stepDue = Infinity;
        this.due = this.totalDue;`
  },
  {
    name: "the limit of the whole is forgotten while a step has its own",
    file: "connection/client/watch.js",
    find: "this.due = Math.min(this.stepDue, this.totalDue);",
    replace: "this.due = this.stepDue === Infinity ? this.totalDue : this.stepDue;"
  },
  {
    name: "half a character of a body is in the next one's text, in the client",
    file: "internal/client/response.js",
    find: "decoder.decode(bytes);",
    replace: "decoder.decode(bytes, { stream: true });"
  },
  {
    name: "half a character of a body is in the next one's text, in the server",
    file: "internal/server/request.js",
    find: "decoder.decode(bytes))",
    replace: "decoder.decode(bytes, { stream: true }))"
  },
  {
    name: "a connection that was handed over keeps its place in the agent",
    file: "connection/client/pool.js",
    find: `this.free(connection.bucket);
        this.checkEmpty();`,
    replace: "this.checkEmpty();"
  },
  {
    name: "the keep-alive hint of a connection is that of the answer before",
    file: "connection/client/pool.js",
    find: "hint: keepAlive === undefined ? undefined : keepAliveHint(keepAlive),",
    replace: "hint: (this.hint = keepAlive === undefined ? this.hint : keepAliveHint(keepAlive)),"
  },
  {
    name: "an idle connection is used past its end where the timer is late",
    file: "connection/client/stock.js",
    find: "now < connection.usableUntil && connection",
    replace: "connection"
  },
  {
    name: "the place of an address is not given back",
    file: "connection/server/admission.js",
    find: "const left = this.byAddress.get(address) - 1;",
    replace: "const left = this.byAddress.get(address);"
  },
  {
    name: "what the first connection took is forgotten when a request is sent again",
    file: "connection/client/exchange.js",
    find: "this.takenBefore = this.written;",
    replace: ""
  },
  {
    name: "a body whose expectation was refused is sent when the wait is over",
    file: "connection/client/reception.js",
    find: `this.line.stopWaiting();
        if (this.automaton.switched) {`,
    replace: "if (this.automaton.switched) {"
  },
  {
    name: "a body waits for 100 Continue for ever",
    file: "connection/client/connection.js",
    find: "timers.at(timers.now() + request.continueTimeout, this.proceed);",
    replace: "() => {};"
  },
  {
    name: "100 Continue is sent before anybody reads",
    file: "connection/server/connection.js",
    find: "const exchange = this.owner.open(this, head, this.automaton.exchanges);",
    replace: `const exchange = this.owner.open(this, head, this.automaton.exchanges);
        if (head.expectContinue) this.inform(exchange, 100, continueHead);`
  },
  {
    name: "a client's limits go by the clock on the wall",
    file: "connection/client/pool.js",
    find: "now = () => this.timers.now();",
    replace: "now = () => this.timers.wallTime();"
  },
  {
    name: "when a request began is read from the clock on the wall",
    file: "connection/server/connection.js",
    find: "this.waits.requestBegun(this.server.timers.now());",
    replace: "this.waits.requestBegun(this.server.timers.wallTime());"
  },
  {
    name: "the limits of one exchange are looked at by the server's",
    file: "connection/server/deadlines.js",
    find: "exchange?.deadlines ?? server.settings.timeouts",
    replace: "server.settings.timeouts"
  },
  {
    name: "what came behind the head of an upgrade is lost",
    file: "connection/server/upgrade.js",
    find: "const initial = connection.inflow.takeAll();",
    replace: "const initial = connection.inflow.takeAll().subarray(0, 0);"
  },
  {
    name: "what came behind the head of an upgrade is not counted",
    file: "connection/server/upgrade.js",
    find: "received: initial.length,",
    replace: "received: 0,"
  }
]
