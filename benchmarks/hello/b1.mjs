var __defProp = Object.defineProperty;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __esm = (fn, res, err) => function __init() {
  if (err) throw err[0];
  try {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  } catch (e) {
    throw err = [e], e;
  }
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};

// ../packages/node/dist/socket/fault.js
import { formatAddress } from "@httpfx/core/Transport";
var addressOf, faultOf, errorOf;
var init_fault = __esm({
  "../packages/node/dist/socket/fault.js"() {
    "use strict";
    addressOf = (error) => error.address === void 0 ? void 0 : error.port === void 0 ? { _tag: "UnixAddress", path: error.address } : { _tag: "TcpAddress", hostname: error.address, port: error.port };
    faultOf = (error, syscall) => {
      const system = error;
      return {
        _tag: "Fault",
        code: system.code ?? "ERR_HTTPFX_STREAM",
        message: system.message,
        syscall: system.syscall ?? syscall,
        address: addressOf(system),
        cause: error
      };
    };
    errorOf = (fault5) => {
      if (fault5.cause instanceof Error)
        return fault5.cause;
      return Object.assign(new Error(fault5.message), {
        code: fault5.code,
        syscall: fault5.syscall,
        ...fault5.address === void 0 ? {} : fault5.address._tag === "TcpAddress" ? { address: fault5.address.hostname, port: fault5.address.port } : { address: formatAddress(fault5.address) }
      });
    };
  }
});

// ../packages/node/dist/time/realTime.js
import { performance } from "node:perf_hooks";
import { nextTick as tick } from "node:process";
import * as timers from "node:timers";
var key2, host, take, clearTimeout2, monotonicNow, nextTick, queueMicrotask, setImmediate2, setTimeout2, wallNow;
var init_realTime = __esm({
  "../packages/node/dist/time/realTime.js"() {
    "use strict";
    key2 = /* @__PURE__ */ Symbol.for("@httpfx/node/realTime");
    host = globalThis;
    take = () => {
      const taken2 = {
        setTimeout: timers.setTimeout,
        clearTimeout: timers.clearTimeout,
        setImmediate: timers.setImmediate,
        queueMicrotask: globalThis.queueMicrotask,
        nextTick: tick,
        monotonicNow: performance.now.bind(performance),
        wallNow: Date.now
      };
      Object.defineProperty(host, key2, { value: taken2 });
      return taken2;
    };
    ({ clearTimeout: clearTimeout2, monotonicNow, nextTick, queueMicrotask, setImmediate: setImmediate2, setTimeout: setTimeout2, wallNow } = host[key2] ?? take());
  }
});

// ../packages/node/dist/socket/fast/latin1.js
var latin1Slice, latin1Of;
var init_latin1 = __esm({
  "../packages/node/dist/socket/fast/latin1.js"() {
    "use strict";
    ({ latin1Slice } = Buffer.prototype);
    latin1Of = latin1Slice === void 0 ? (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1") : (bytes) => latin1Slice.call(bytes, 0, bytes.length);
  }
});

// ../packages/node/dist/socket/fast/writeQueue.js
var writeQueueOf;
var init_writeQueue = __esm({
  "../packages/node/dist/socket/fast/writeQueue.js"() {
    "use strict";
    writeQueueOf = (stream2) => stream2._handle?.writeQueueSize;
  }
});

// ../packages/node/dist/socket/reset.js
var now, resetStream;
var init_reset = __esm({
  "../packages/node/dist/socket/reset.js"() {
    "use strict";
    init_realTime();
    now = (stream2) => {
      try {
        ;
        stream2.resetAndDestroy?.();
      } catch {
      }
      stream2.destroy();
    };
    resetStream = (stream2, writer = stream2) => {
      const sendsFin = () => writer.writableEnded && !writer.writableFinished && !writer.destroyed;
      if (!sendsFin() || writer.writableLength > 0)
        return now(stream2);
      writer.once("finish", () => now(stream2));
      setImmediate2(() => setImmediate2(() => {
        if (sendsFin())
          writer.destroy();
      }));
    };
  }
});

// ../packages/node/dist/socket/streamTransport.js
import { fault, noHandlers, onlyClose } from "@httpfx/core/Transport";
function onData(chunk) {
  this[owner].handlers.data(chunk);
}
function onEnd() {
  this[owner].sawEnd();
}
function onDrain() {
  this[owner].handlers.drain();
}
function onError(error) {
  this[owner].sawError(error);
}
function onClose() {
  this[owner].sawClose();
}
var owner, address, copyLimit, joined, textLimit, StreamTransport;
var init_streamTransport = __esm({
  "../packages/node/dist/socket/streamTransport.js"() {
    "use strict";
    init_latin1();
    init_writeQueue();
    init_fault();
    init_reset();
    init_realTime();
    owner = /* @__PURE__ */ Symbol("httpfx.transport");
    address = (hostname, port) => hostname === void 0 || port === void 0 ? void 0 : { _tag: "TcpAddress", hostname, port };
    copyLimit = 16 * 1024;
    joined = (head, body) => {
      const bytes = Buffer.allocUnsafe(head.length + body.length);
      if (typeof head === "string")
        bytes.write(head, "latin1");
      else
        bytes.set(head, 0);
      bytes.set(body, head.length);
      return bytes;
    };
    textLimit = 2 * 1024;
    StreamTransport = class {
      stream;
      addresses;
      handlers = noHandlers;
      writable = true;
      started = false;
      reading = false;
      paused = false;
      dropped = false;
      closed = false;
      /** Number of bytes of the stream's write in flight; 0 if unknown. */
      underWay = 0;
      /** Whether FIN was received. */
      ended = false;
      failure;
      // Whether the current handlers have received `end` and `close`.
      toldEnd = true;
      toldClose = true;
      constructor(stream2, addresses = {}) {
        this.stream = stream2;
        this.addresses = addresses;
        ;
        stream2[owner] = this;
        stream2.on("end", onEnd);
        stream2.on("drain", onDrain);
        stream2.on("error", onError);
        stream2.on("close", onClose);
        if (stream2.destroyed)
          nextTick(() => this.sawClose());
      }
      get local() {
        const socket = this.stream;
        return this.addresses.local ?? address(socket.localAddress, socket.localPort);
      }
      get remote() {
        const socket = this.stream;
        return this.addresses.remote ?? address(socket.remoteAddress, socket.remotePort);
      }
      get buffered() {
        if (this.closed || this.dropped)
          return 0;
        const { stream: stream2, underWay } = this;
        if (underWay === 0)
          return stream2.writableLength;
        const left = writeQueueOf(this.writer) ?? underWay;
        return stream2.writableLength - underWay + Math.min(left, underWay);
      }
      start(handlers) {
        this.handlers = this.dropped ? onlyClose(handlers) : handlers;
        this.toldEnd = this.toldClose = false;
        if (!this.started) {
          this.started = true;
          if (!this.closed && !this.paused)
            this.read();
        }
        if (this.ended || this.closed)
          nextTick(() => this.tell());
      }
      write(data, body) {
        if (!this.writable)
          return false;
        const stream2 = this.stream;
        if (body !== void 0 && body.length > 0) {
          if (body.length > copyLimit) {
            stream2.cork();
            if (typeof data === "string")
              stream2.write(data, "latin1");
            else
              stream2.write(data);
            const more = stream2.write(body);
            stream2.uncork();
            return more;
          }
          data = typeof data === "string" && body.length <= textLimit ? data + latin1Of(body) : joined(data, body);
        } else if (data.length === 0)
          return !stream2.writableNeedDrain;
        return typeof data === "string" ? stream2.write(data, "latin1") : stream2.write(data);
      }
      cork() {
        this.stream.cork();
      }
      uncork() {
        this.stream.uncork();
      }
      end() {
        if (!this.writable)
          return;
        this.writable = false;
        this.stream.end();
      }
      reset() {
        if (this.closed || this.dropped)
          return;
        this.dropped = true;
        this.writable = false;
        this.handlers = onlyClose(this.handlers);
        this.destroyNow();
      }
      abandon() {
        if (this.closed || this.dropped)
          return;
        this.dropped = true;
        this.writable = false;
        this.handlers = onlyClose(this.handlers);
        this.leave();
      }
      pause() {
        if (this.paused)
          return;
        this.paused = true;
        if (this.started && !this.closed)
          this.stream.pause();
      }
      resume() {
        if (!this.paused)
          return;
        this.paused = false;
        if (this.started && !this.closed)
          this.read();
        if (this.ended)
          nextTick(() => this.tell());
      }
      ref() {
        ;
        this.stream.ref?.();
      }
      unref() {
        ;
        this.stream.unref?.();
      }
      noDelay(enable) {
        ;
        this.stream.setNoDelay?.(enable);
      }
      keepAlive(enable, initialDelay) {
        ;
        this.stream.setKeepAlive?.(enable, initialDelay);
      }
      /**
       * Destroys the stream. Buffered writes are dropped. The peer receives FIN, or RST if received data was
       * never read. No handler is called any more.
       */
      destroy() {
        this.dropped = true;
        this.writable = false;
        this.handlers = noHandlers;
        this.stream.destroy();
      }
      /** Returns the stream for use by another owner (a TLS layer). No handler is called any more. */
      release() {
        const stream2 = this.stream;
        stream2.off("data", onData);
        stream2.off("end", onEnd);
        stream2.off("drain", onDrain);
        stream2.off("error", onError);
        stream2.off("close", onClose);
        stream2.on("error", () => {
        });
        this.handlers = noHandlers;
        this.writable = false;
        this.closed = true;
        return stream2;
      }
      read() {
        if (this.reading)
          this.stream.resume();
        else {
          this.reading = true;
          this.beginReading();
        }
      }
      beginReading() {
        this.stream.on("data", onData);
        this.stream.resume();
      }
      /** The stream whose handle passes written bytes to the system. */
      get writer() {
        return this.stream;
      }
      /** Closes the connection, without RST if possible. */
      leave() {
        this.stream.destroy();
      }
      destroyNow() {
        resetStream(this.stream);
      }
      sawEnd() {
        this.ended = true;
        this.tell();
      }
      sawError(error) {
        this.failure ??= faultOf(error, "read");
      }
      sawClose() {
        this.closed = true;
        this.writable = false;
        this.tell();
      }
      tell() {
        const handlers = this.handlers;
        if (this.ended && !this.toldEnd && !this.paused) {
          this.toldEnd = true;
          handlers.end();
        }
        if (!this.closed || this.toldClose || this.handlers !== handlers)
          return;
        this.toldClose = true;
        this.handlers = noHandlers;
        const failure2 = this.failure ?? (this.ended || this.dropped ? void 0 : fault("ECONNRESET", "read"));
        if (failure2 !== void 0)
          handlers.error(failure2);
        handlers.close();
      }
    };
  }
});

// ../packages/node/dist/time/nodeTimers.js
import { make } from "@httpfx/core/PlatformTimers";
var nodeTimers;
var init_nodeTimers = __esm({
  "../packages/node/dist/time/nodeTimers.js"() {
    "use strict";
    init_realTime();
    nodeTimers = make({
      setTimeout: setTimeout2,
      clearTimeout: (handle) => clearTimeout2(handle),
      setImmediate: setImmediate2,
      monotonicNow,
      wallNow
    }, false);
  }
});

// ../packages/node/dist/socket/transportSocket.js
import * as net6 from "node:net";
import { Duplex } from "node:stream";
import { turn } from "@httpfx/core/PlatformTimers";
import { fault as fault2 } from "@httpfx/core/Transport";
import { Pace } from "@httpfx/core/wire";
var highWaterMark, lingerMillis, family, hostOf, portOf, nothing, destroyedError, TransportSocket;
var init_transportSocket = __esm({
  "../packages/node/dist/socket/transportSocket.js"() {
    "use strict";
    init_fault();
    init_nodeTimers();
    init_streamTransport();
    init_realTime();
    highWaterMark = 64 * 1024;
    lingerMillis = 1e3;
    family = (address2) => address2 === void 0 ? void 0 : net6.isIPv6(address2) ? "IPv6" : "IPv4";
    hostOf = (address2) => address2?._tag === "TcpAddress" ? address2.hostname : void 0;
    portOf = (address2) => address2?._tag === "TcpAddress" ? address2.port : void 0;
    nothing = () => {
    };
    destroyedError = () => Object.assign(new Error("Cannot call write after a stream was destroyed"), {
      code: "ERR_STREAM_DESTROYED"
    });
    TransportSocket = class extends Duplex {
      transport;
      /** Whether the connection is still being opened. Initially `false`, because a transport is connected. */
      connecting = false;
      /** Has the same value as `connecting`. */
      pending = false;
      /** Number of bytes received, without those of `initial`. */
      bytesRead = 0;
      /** Time without traffic after which `timeout` is emitted, ms. 0 disables `timeout`. */
      timeout = 0;
      accepted = 0;
      over = false;
      waiting;
      timers;
      resetOnError;
      /** Time of the last traffic, on the clock of `timers`, ms. */
      activeAt = 0;
      cancel;
      constructor(transport, options = {}) {
        super({ allowHalfOpen: options.allowHalfOpen ?? false, decodeStrings: false, highWaterMark });
        this.transport = transport;
        this.timers = options.timers ?? nodeTimers;
        this.resetOnError = options.resetOnError ?? true;
        if (options.initial !== void 0 && options.initial.length > 0)
          this.push(Buffer.from(options.initial));
        transport.start({
          data: (chunk) => {
            this.bytesRead += chunk.length;
            this.active();
            if (!this.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))) {
              transport.pause();
            }
          },
          end: () => void this.push(null),
          drain: () => this.settle(),
          error: (fault5) => void this.destroy(errorOf(fault5)),
          close: () => this.gone()
        });
      }
      /** The peer's IP address, or `undefined` if the peer has no IP address. */
      get remoteAddress() {
        return hostOf(this.transport.remote);
      }
      /** The peer's port. */
      get remotePort() {
        return portOf(this.transport.remote);
      }
      /** The family of the peer's address: `IPv4` or `IPv6`. */
      get remoteFamily() {
        return family(this.remoteAddress);
      }
      /** Our IP address, or `undefined` if our side has no IP address. */
      get localAddress() {
        return hostOf(this.transport.local);
      }
      /** Our port. */
      get localPort() {
        return portOf(this.transport.local);
      }
      /** The family of our address: `IPv4` or `IPv6`. */
      get localFamily() {
        return family(this.localAddress);
      }
      /** `true` for TLS, as on a `tls.TLSSocket`; otherwise `undefined`. */
      get encrypted() {
        return this.transport.tls === void 0 ? void 0 : true;
      }
      /** Whether the peer's certificate was verified (TLS only). */
      get authorized() {
        return this.transport.tls?.authorized;
      }
      /** The reason why the peer's certificate was not verified (TLS only). */
      get authorizationError() {
        return this.transport.tls?.authorizationError;
      }
      /** The protocol that ALPN selected, or `false` if ALPN selected no protocol (TLS only). */
      get alpnProtocol() {
        const { tls: tls2 } = this.transport;
        return tls2 === void 0 ? void 0 : tls2.alpnProtocol ?? false;
      }
      /** The SNI name that the client sent, or `false` if the client sent no name (TLS only). */
      get servername() {
        const { tls: tls2 } = this.transport;
        return tls2 === void 0 ? void 0 : tls2.serverName ?? false;
      }
      /** Returns the version of TLS, such as `TLSv1.3`. Returns `null` without TLS. */
      getProtocol() {
        return this.transport.tls?.protocol ?? null;
      }
      /** Returns the cipher suite, by its OpenSSL name (TLS only). */
      getCipher() {
        return { name: this.transport.tls?.cipher };
      }
      /** Returns whether the TLS session was resumed. */
      isSessionReused() {
        return this.transport.tls?.sessionReused ?? false;
      }
      /** Returns the peer's certificate (TLS only), or an empty object if the peer sent no certificate. */
      getPeerCertificate() {
        const found = this.transport.tls?.peerCertificate;
        if (found === void 0)
          return {};
        const { fingerprint256, issuer, raw, serialNumber, subject, subjectAltName, validFrom, validTo } = found;
        const time2 = (millis) => millis === void 0 ? void 0 : new Date(millis).toUTCString();
        return {
          ...{ subject, issuer, fingerprint256, serialNumber, raw },
          subjectaltname: subjectAltName,
          valid_from: time2(validFrom),
          valid_to: time2(validTo)
        };
      }
      /** Number of bytes passed to `write`, including bytes that are not sent yet. */
      get bytesWritten() {
        return this.accepted + this.writableLength;
      }
      /** The state of the stream: `open`, `readOnly`, `writeOnly` or `closed`. */
      get readyState() {
        if (this.readable && this.writable)
          return "open";
        return this.readable ? "readOnly" : this.writable ? "writeOnly" : "closed";
      }
      /** Returns our address, or an empty object if our side has no port. */
      address() {
        const { localAddress: address2, localFamily: family2, localPort: port } = this;
        return address2 === void 0 || port === void 0 || family2 === void 0 ? {} : { address: address2, family: family2, port };
      }
      /** Sets `TCP_NODELAY`. The argument defaults to `true`. */
      setNoDelay(enable = true) {
        this.transport.noDelay(enable);
        return this;
      }
      /**
       * Turns TCP keep-alive probes on or off. The first probe is sent after `initialDelay` milliseconds of idle
       * time. 0 stands for the system's default.
       */
      setKeepAlive(enable = false, initialDelay = 0) {
        this.transport.keepAlive(enable, initialDelay);
        return this;
      }
      /** Makes the open connection keep the process alive. */
      ref() {
        this.transport.ref();
        return this;
      }
      /** Lets the process exit although the connection is open. */
      unref() {
        this.transport.unref();
        return this;
      }
      /**
       * Emits `timeout` after this many milliseconds without traffic. The socket stays open. 0 disables
       * `timeout`.
       */
      setTimeout(millis, callback2) {
        this.timeout = millis;
        this.cancel?.();
        this.cancel = void 0;
        this.active();
        if (callback2 !== void 0) {
          if (millis > 0)
            this.once("timeout", callback2);
          else
            this.off("timeout", callback2);
        }
        return this;
      }
      /** Ends the stream, and destroys it when all written bytes have been passed to the transport. */
      destroySoon() {
        if (this.writable)
          this.end();
        if (this.writableFinished)
          this.destroy();
        else
          this.once("finish", () => this.destroy());
      }
      /** Resets the connection. The peer receives RST. */
      resetAndDestroy() {
        this.transport.reset();
        this.destroy();
        return this;
      }
      _read() {
        this.transport.resume();
      }
      _write(chunk, encoding, done) {
        this.send(chunk, encoding);
        this.await(done);
      }
      _writev(chunks, done) {
        this.transport.cork();
        for (const { chunk, encoding } of chunks)
          this.send(chunk, encoding);
        this.transport.uncork();
        this.await(done);
      }
      _final(done) {
        this.transport.end();
        done();
      }
      _destroy(error, done) {
        this.cancel?.();
        this.timeout = 0;
        const { transport, waiting } = this;
        this.waiting = void 0;
        if (waiting !== void 0)
          nextTick(waiting, error ?? destroyedError());
        if (!this.over) {
          if (transport instanceof StreamTransport)
            transport.destroy();
          else if (error && this.resetOnError)
            transport.reset();
          else
            this.linger();
        }
        done(error);
      }
      send(chunk, encoding) {
        const bytes = typeof chunk === "string" && encoding !== "latin1" && encoding !== "binary" ? Buffer.from(chunk, encoding) : chunk;
        this.accepted += bytes.length;
        this.pace.sent(bytes.length);
        this.full = !this.transport.write(bytes);
      }
      full = false;
      pace = new Pace();
      /** Whether a turn of the event loop has been requested. */
      turning = false;
      await(done) {
        this.active();
        if (this.full && !this.transport.writable)
          return done(errorOf(fault2("EPIPE", "write")));
        if (!this.full && !this.pace.due)
          return done();
        this.waiting = done;
        if (!this.full)
          this.takeTurn();
      }
      settle() {
        this.full = false;
        if (this.pace.due)
          this.takeTurn();
        else
          this.goOn();
      }
      // Yield to the event loop, because a pipe writes again in the callback of a write and never yields itself.
      takeTurn() {
        if (this.turning)
          return;
        this.turning = true;
        turn(this.turned);
      }
      turned = () => {
        this.turning = false;
        this.pace.begin();
        if (!this.full)
          this.goOn();
      };
      goOn() {
        const done = this.waiting;
        this.waiting = void 0;
        this.active();
        done?.();
      }
      active() {
        if (this.timeout <= 0 || this.destroyed)
          return;
        this.activeAt = this.timers.now();
        this.cancel ??= this.timers.at(this.activeAt + this.timeout, this.quiet);
      }
      // One timer serves all traffic. When it fires, it is set again if there was traffic meanwhile.
      quiet = () => {
        this.cancel = void 0;
        const due = this.activeAt + this.timeout;
        if (this.timers.now() < due)
          this.cancel = this.timers.at(due, this.quiet);
        else
          this.emit("timeout");
      };
      gone() {
        this.over = true;
        if (!this.readableEnded && this.readableLength === 0 && !this.writableFinished)
          this.destroy();
      }
      linger() {
        const { transport } = this;
        const { timers: timers2 } = this;
        const cancel = timers2.at(timers2.now() + lingerMillis, () => transport.reset());
        transport.start({
          data: nothing,
          end: nothing,
          drain: nothing,
          error: nothing,
          close: cancel
        });
        transport.end();
        transport.resume();
      }
    };
  }
});

// ../packages/node/dist/http/own/timers.js
var timersOption, ownWebSocket;
var init_timers = __esm({
  "../packages/node/dist/http/own/timers.js"() {
    "use strict";
    timersOption = /* @__PURE__ */ Symbol.for("@httpfx/node/http/timers");
    ownWebSocket = /* @__PURE__ */ Symbol.for("@httpfx/node/http/ownWebSocket");
  }
});

// ../packages/node/dist/socket/fast/listening.js
var insideOf, setHandle, connectionsOf, connectionOpened, connectionClosed;
var init_listening = __esm({
  "../packages/node/dist/socket/fast/listening.js"() {
    "use strict";
    insideOf = (server) => server;
    setHandle = (server, handle, path) => {
      const inside = insideOf(server);
      const address2 = handle?.address;
      const getsockname = (out) => {
        Object.assign(out, address2);
        return 0;
      };
      inside._handle = address2 === void 0 ? handle : { ...handle, getsockname };
      inside._pipeName = path;
    };
    connectionsOf = (server) => insideOf(server)._connections;
    connectionOpened = (server) => void insideOf(server)._connections++;
    connectionClosed = (server) => {
      insideOf(server)._connections--;
      insideOf(server)._emitCloseIfDrained();
    };
  }
});

// ../packages/node/dist/bridge/boundTls.js
var text, texts, same, read2, common, clientTls, serverTls;
var init_boundTls = __esm({
  "../packages/node/dist/bridge/boundTls.js"() {
    "use strict";
    text = (value) => Array.isArray(value) ? value.map(text).join("\n") : String(value);
    texts = (value) => Array.isArray(value) ? value.map(text) : text(value);
    same = (value) => value;
    read2 = {
      ca: ["ca", texts],
      cert: ["cert", text],
      key: ["key", text],
      crl: ["crl", texts],
      pfx: ["pfx", same],
      passphrase: ["passphrase", same],
      ciphers: ["ciphers", same],
      ecdhCurve: ["ecdhCurve", same],
      minVersion: ["minVersion", same],
      maxVersion: ["maxVersion", same],
      secureOptions: ["secureOptions", same],
      sigalgs: ["sigalgs", same],
      rejectUnauthorized: ["rejectUnauthorized", same],
      requestCert: ["requestCert", same],
      checkServerIdentity: ["checkServerIdentity", same],
      session: ["session", same],
      onSession: ["onSession", same],
      ALPNProtocols: ["alpn", same]
    };
    common = (options) => {
      const tls2 = {};
      for (const [theirs, [ours, convert]] of Object.entries(read2)) {
        const value = options[theirs];
        if (value !== void 0 && value !== null)
          tls2[ours] = convert(value);
      }
      return tls2;
    };
    clientTls = (options) => ({
      ...common(options),
      role: "client",
      serverName: String(options["servername"] || options["host"] || "localhost")
    });
    serverTls = (options, contexts2) => {
      const certificates = {};
      for (const [name, { cert, key: key3 }] of contexts2 ?? [])
        certificates[name] = { cert: text(cert), key: text(key3) };
      const { requestCert = false, rejectUnauthorized } = options;
      return {
        ...common(options),
        role: "server",
        rejectUnauthorized: requestCert === true && rejectUnauthorized !== false,
        ...contexts2 !== void 0 && { certificates }
      };
    };
  }
});

// ../packages/node/dist/bridge/connecting.js
import * as Cause from "effect/Cause";
import * as Effect6 from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option2 from "effect/Option";
import * as Runtime from "effect/Runtime";
import { fault as fault4 } from "@httpfx/core/Transport";
var highWaterMark2, codeOf2, faultOfFailure, Pending, ConnectingSocket;
var init_connecting = __esm({
  "../packages/node/dist/bridge/connecting.js"() {
    "use strict";
    init_transportSocket();
    init_realTime();
    highWaterMark2 = 64 * 1024;
    codeOf2 = (value) => typeof value === "object" && value !== null ? value.code : void 0;
    faultOfFailure = (error, syscall) => {
      const { address: address2, cause, code = "ECONNRESET", message, reason } = error;
      const text3 = reason ?? message ?? code;
      const place = /^\[?(.*?)\]?:(\d+)$/.exec(address2 ?? "");
      const known = place === null ? void 0 : { _tag: "TcpAddress", hostname: place[1], port: Number(place[2]) };
      return fault4(code, /^(\w+) E/.exec(text3)?.[1] ?? syscall, {
        message: text3,
        address: known,
        // If the cause is the system's own error, pass it on, because users of the callback API expect that
        // error.
        cause: cause instanceof Error && codeOf2(cause) === code ? cause : void 0
      });
    };
    Pending = class {
      below = void 0;
      handlers = void 0;
      queue = [];
      queued = 0;
      full = false;
      ending = false;
      paused = false;
      over = false;
      calls = [];
      attempt = void 0;
      get local() {
        return this.below?.local;
      }
      get remote() {
        return this.below?.remote;
      }
      get tls() {
        return this.below?.tls;
      }
      get buffered() {
        return this.below?.buffered ?? this.queued;
      }
      get writable() {
        return this.below === void 0 ? !this.ending && !this.over : this.below.writable;
      }
      connected(transport) {
        if (this.over)
          return transport.reset();
        const { calls, handlers, queue } = this;
        this.below = transport;
        for (const call of calls)
          call(transport);
        if (this.paused)
          transport.pause();
        if (handlers !== void 0)
          transport.start(handlers);
        let more = true;
        transport.cork();
        for (const data of queue)
          more = transport.write(data);
        transport.uncork();
        queue.length = calls.length = 0;
        if (this.ending)
          transport.end();
        else if (this.full && more)
          handlers?.drain();
      }
      failed(fault5) {
        if (this.over)
          return;
        this.over = true;
        this.handlers?.error(fault5);
        this.handlers?.close();
      }
      start(handlers) {
        this.handlers = handlers;
        if (this.below !== void 0)
          this.below.start(handlers);
        else if (this.over)
          queueMicrotask(() => handlers.close());
      }
      write(data, body) {
        if (this.below !== void 0)
          return this.below.write(data, body);
        if (!this.writable)
          return false;
        this.queue.push(data);
        this.queued += data.length;
        if (body !== void 0)
          return this.write(body);
        this.full = this.queued >= highWaterMark2;
        return !this.full;
      }
      end() {
        if (this.below !== void 0)
          this.below.end();
        else
          this.ending = true;
      }
      reset() {
        if (this.below !== void 0)
          return this.below.reset();
        if (this.over)
          return;
        this.over = true;
        this.attempt?.unsafeInterruptAsFork(this.attempt.id());
        queueMicrotask(() => this.handlers?.close());
      }
      call(f) {
        if (this.below === void 0)
          this.calls.push(f);
        else
          f(this.below);
      }
      cork() {
        this.below?.cork();
      }
      uncork() {
        this.below?.uncork();
      }
      pause() {
        this.paused = true;
        this.below?.pause();
      }
      resume() {
        this.paused = false;
        this.below?.resume();
      }
      ref() {
        this.call((transport) => transport.ref());
      }
      unref() {
        this.call((transport) => transport.unref());
      }
      noDelay(enable) {
        this.call((transport) => transport.noDelay(enable));
      }
      keepAlive(enable, initialDelay) {
        this.call((transport) => transport.keepAlive(enable, initialDelay));
      }
    };
    ConnectingSocket = class extends TransportSocket {
      constructor(connect6, runtime3, timers2, { allowHalfOpen = false } = {}) {
        const pending = new Pending();
        super(pending, { allowHalfOpen, timers: timers2, resetOnError: false });
        this.connecting = this.pending = true;
        pending.attempt = Runtime.runFork(runtime3, Effect6.withUnhandledErrorLogLevel(connect6, Option2.none()));
        pending.attempt.addObserver((exit) => queueMicrotask(() => this.settled(pending, exit)));
      }
      settled(pending, exit) {
        this.connecting = this.pending = false;
        if (Exit.isSuccess(exit)) {
          pending.connected(exit.value);
          if (this.destroyed)
            return;
          this.emit("connect");
          this.emit("ready");
        } else if (!Cause.isInterruptedOnly(exit.cause)) {
          pending.failed(faultOfFailure(Cause.squash(exit.cause), "connect"));
        }
      }
    };
  }
});

// ../packages/node/dist/bridge/modules.js
import http from "@httpfx/node/http";
import https from "@httpfx/node/https";
var init_modules = __esm({
  "../packages/node/dist/bridge/modules.js"() {
    "use strict";
  }
});

// ../packages/node/dist/bridge/bound.js
var bound_exports = {};
__export(bound_exports, {
  makeHttp: () => makeHttp,
  makeHttps: () => makeHttps
});
import * as Cause2 from "effect/Cause";
import * as Effect7 from "effect/Effect";
import * as Exit2 from "effect/Exit";
import * as Runtime2 from "effect/Runtime";
import * as Scope from "effect/Scope";
import { Network as Network4 } from "@httpfx/core/Network";
import * as Timers from "@httpfx/core/Timers";
import { tcp, unix } from "@httpfx/core/Transport";
import { inherits } from "node:util";
var tlsOptions, tlsContexts, handshakeTimeout, coded, readListen, listenOptions, addressOf2, handleOf, track, accept, shakingHands, listen, connect5, constructor, isAddress, bindModule, bindHttps, bindHttp, means, makeHttp, makeHttps;
var init_bound = __esm({
  "../packages/node/dist/bridge/bound.js"() {
    "use strict";
    init_timers();
    init_listening();
    init_fault();
    init_transportSocket();
    init_boundTls();
    init_connecting();
    init_modules();
    init_realTime();
    tlsOptions = /* @__PURE__ */ Symbol("tlsOptions");
    tlsContexts = /* @__PURE__ */ Symbol("tlsContexts");
    handshakeTimeout = 12e4;
    coded = (code, message) => Object.assign(new Error(message), { code });
    readListen = (args) => {
      const callback2 = args.find((arg) => typeof arg === "function");
      const [first, second] = args;
      if (typeof first === "object" && first !== null)
        return { options: first, callback: callback2 };
      if (typeof first === "string" && Number.isNaN(Number(first)))
        return { options: { path: first }, callback: callback2 };
      const port = typeof first === "function" || first === void 0 ? 0 : Number(first);
      return { options: { port, host: typeof second === "string" ? second : void 0 }, callback: callback2 };
    };
    listenOptions = (options) => typeof options["path"] === "string" ? { path: options["path"] } : {
      port: Number(options["port"] ?? 0),
      ...typeof options["host"] === "string" && { host: options["host"] }
    };
    addressOf2 = ({ address: address2 }) => {
      if (address2._tag !== "TcpAddress")
        return void 0;
      const { hostname, port } = address2;
      return { address: hostname, family: hostname.includes(":") ? "IPv6" : "IPv4", port };
    };
    handleOf = (listener, close4) => ({
      close: close4,
      ref: () => listener.ref(),
      unref: () => listener.unref(),
      address: addressOf2(listener)
    });
    track = (means2, socket) => {
      means2.sockets.add(socket);
      socket.once("close", () => means2.sockets.delete(socket));
    };
    accept = (means2, server, transport) => {
      if (server.maxConnections && connectionsOf(server) >= server.maxConnections) {
        transport.reset();
        server.emit("drop", void 0);
        return;
      }
      const options = server[tlsOptions];
      const socket = options === void 0 ? new TransportSocket(transport, { allowHalfOpen: true, resetOnError: false, timers: means2.timers }) : shakingHands(means2, server, options, transport);
      track(means2, socket);
      connectionOpened(server);
      socket.once("close", () => connectionClosed(server));
      if (options === void 0)
        server.emit("connection", socket);
    };
    shakingHands = (means2, server, options, transport) => {
      const { handshakeTimeout: limit = handshakeTimeout } = options;
      const shaken = means2.network.secure(transport, serverTls(options, server[tlsContexts])).pipe(Effect7.timeoutFail({
        duration: limit,
        onTimeout: () => coded("ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout")
      }));
      const socket = new ConnectingSocket(shaken, means2.runtime, means2.timers, { allowHalfOpen: true });
      const failed3 = (error) => void server.emit("tlsClientError", error, socket);
      socket.once("error", failed3);
      socket.once("connect", () => {
        socket.off("error", failed3);
        server.emit("secureConnection", socket);
      });
      return socket;
    };
    listen = (means2, server, args) => {
      const { callback: callback2, options } = readListen(args);
      if (server.listening) {
        throw coded("ERR_SERVER_ALREADY_LISTEN", "Listen method has been called more than once without closing.");
      }
      if (callback2 !== void 0)
        server.once("listening", callback2);
      const run = Runtime2.runSync(means2.runtime);
      const scope = run(Scope.make());
      const close4 = () => void Runtime2.runFork(means2.runtime, Scope.close(scope, Exit2.void));
      const listening = means2.network.listen(listenOptions(options), (transport) => accept(means2, server, transport));
      setHandle(server, { close: close4, ref: () => {
      }, unref: () => {
      } });
      means2.servers.add(server);
      server.once("close", () => means2.servers.delete(server));
      Runtime2.runCallback(means2.runtime, Scope.extend(listening, scope), {
        onExit: (exit) => {
          if (Exit2.isSuccess(exit)) {
            if (!server.listening)
              return close4();
            const { address: address2 } = exit.value;
            const path = address2._tag === "UnixAddress" ? address2.path : void 0;
            setHandle(server, handleOf(exit.value, close4), path);
            nextTick(() => {
              if (server.listening)
                server.emit("listening");
            });
          } else {
            setHandle(server, null);
            const failure2 = exit.cause._tag === "Fail" ? exit.cause.error : exit.cause;
            nextTick(() => server.emit("error", errorOf(faultOfFailure(failure2, "listen"))));
          }
        }
      });
      const { signal } = options;
      signal?.addEventListener("abort", () => void server.close(), { once: true });
      return server;
    };
    connect5 = (means2, options, secure2) => {
      const { network } = means2;
      const { family: family2, localAddress, localPort } = options;
      const path = options["socketPath"];
      const host2 = String(options["host"] ?? "localhost");
      const opening = typeof path === "string" ? network.connect(unix(path)) : Effect7.flatMap(network.resolve(host2, { family: family2 || void 0 }), ([{ address: address2 }]) => network.connect(tcp(address2, Number(options["port"])), { localAddress, localPort }));
      const socket = new ConnectingSocket(secure2 === void 0 ? opening : Effect7.flatMap(opening, secure2), means2.runtime, means2.timers);
      if (secure2 !== void 0)
        socket.once("connect", () => socket.emit("secureConnect"));
      track(means2, socket);
      if (typeof options["timeout"] === "number" && options["timeout"] > 0)
        socket.setTimeout(options["timeout"]);
      return socket;
    };
    constructor = (Parent, build) => {
      const Child = function(...args) {
        if (!(this instanceof Child))
          return new Child(...args);
        build((...given) => Parent.apply(this, given), args);
        return void 0;
      };
      Object.defineProperty(Child, "name", { value: Parent.name });
      inherits(Child, Parent);
      Object.setPrototypeOf(Child, Parent);
      return Child;
    };
    isAddress = (value) => typeof value === "string" || value instanceof URL;
    bindModule = (means2, module, createConnection) => {
      const Agent2 = constructor(module.Agent, (parent, args) => parent(...args));
      Object.assign(Agent2.prototype, { createConnection });
      const Server2 = constructor(module.Server, (parent, [first, second]) => {
        const options = typeof first === "function" || first === void 0 || first === null ? {} : first;
        parent({ ...options, [timersOption]: means2.timers }, typeof first === "function" ? first : second);
      });
      Object.assign(Server2.prototype, {
        listen(...args) {
          return listen(means2, this, args);
        }
      });
      let globalAgent = new Agent2({
        keepAlive: true,
        scheduling: "lifo",
        timeout: 5e3
      });
      const ClientRequest = constructor(http.ClientRequest, (parent, args) => {
        const [input, options, callback2] = args;
        const usual = { _defaultAgent: globalAgent };
        if (!isAddress(input))
          parent({ ...usual, ...input }, options);
        else if (typeof options === "function")
          parent(input, usual, options);
        else
          parent(input, { ...usual, ...options }, callback2);
      });
      const request = (...args) => new ClientRequest(...args);
      const bound = Object.defineProperties({}, Object.getOwnPropertyDescriptors(module));
      Object.assign(bound, {
        Agent: Agent2,
        Server: Server2,
        createServer: (...args) => new Server2(...args),
        request,
        get: (...args) => {
          const req = request(...args);
          req.end();
          return req;
        }
      });
      Object.defineProperty(bound, "globalAgent", {
        configurable: true,
        enumerable: true,
        get: () => globalAgent,
        set: (agent) => {
          globalAgent = agent;
        }
      });
      return { bound, Server: Server2, ClientRequest, agent: () => globalAgent };
    };
    bindHttps = (means2) => {
      const module = bindModule(means2, https, function(options) {
        const key3 = options["_agentKey"];
        const tls2 = clientTls({
          ...key3 !== void 0 && { session: this._getSession(key3) },
          ...options,
          onSession: (session) => {
            if (key3 !== void 0)
              this._cacheSession(key3, session);
          }
        });
        const socket = connect5(means2, options, (transport) => means2.network.secure(transport, tls2));
        if (key3 !== void 0)
          socket.once("close", (failed3) => failed3 && this._evictSession(key3));
        return socket;
      });
      const { checkTls: checkTls2 } = means2.network;
      Object.assign(module.Server.prototype, {
        // The constructor of `tls.Server` calls this method, and programs call it to renew a certificate.
        setSecureContext(options) {
          const exit = checkTls2 && Runtime2.runSyncExit(means2.runtime)(checkTls2(serverTls(options, void 0)));
          if (exit !== void 0 && Exit2.isFailure(exit)) {
            throw errorOf(faultOfFailure(Cause2.squash(exit.cause), "connect"));
          }
          this[tlsOptions] = options;
        },
        addContext(name, options) {
          ;
          (this[tlsContexts] ??= /* @__PURE__ */ new Map()).set(name, options);
        }
      });
      return module;
    };
    bindHttp = (means2, secureAgent) => {
      const module = bindModule(means2, http, (options) => connect5(means2, options));
      const { agent, bound, ClientRequest } = module;
      const Own = http[ownWebSocket];
      class WebSocket2 extends Own {
        constructor(url, given = []) {
          const options = typeof given === "string" || Array.isArray(given) ? { protocols: given } : given;
          const secure2 = /^(wss|https):/i.test(String(url));
          super(url, { agent: secure2 ? secureAgent() : agent(), ...options });
        }
      }
      Object.defineProperty(bound, "WebSocket", { configurable: true, enumerable: true, value: WebSocket2 });
      Object.assign(bound, { ClientRequest });
      return bound;
    };
    means = Effect7.gen(function* () {
      const means2 = {
        network: yield* Network4,
        timers: Timers.backgroundFromClock(yield* Effect7.clock),
        runtime: yield* Effect7.runtime(),
        servers: /* @__PURE__ */ new Set(),
        sockets: /* @__PURE__ */ new Set()
      };
      yield* Effect7.addFinalizer(() => Effect7.sync(() => {
        for (const server of [...means2.servers])
          server.close();
        for (const socket of [...means2.sockets])
          socket.resetAndDestroy();
      }));
      return means2;
    });
    makeHttp = Effect7.map(means, (means2) => bindHttp(means2, bindHttps(means2).agent));
    makeHttps = Effect7.map(means, (means2) => bindHttps(means2).bound);
  }
});

// ../packages/node/dist/NodeHttpServer.js
import * as Etag2 from "@effect/platform/Etag";
import * as HttpServer from "@effect/platform/HttpServer";
import { ServeError } from "@effect/platform/HttpServerError";
import { Server } from "@httpfx/core";
import { WebSocketUpgrader } from "@httpfx/core/WebSocketUpgrader";
import * as Config from "effect/Config";
import * as Effect11 from "effect/Effect";
import * as Layer5 from "effect/Layer";

// ../packages/node/dist/NodeContext.js
import * as NodeCommandExecutor from "@effect/platform-node-shared/NodeCommandExecutor";
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem";
import * as NodePath from "@effect/platform-node-shared/NodePath";
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal";
import * as Layer from "effect/Layer";
var layer5 = Layer.mergeAll(NodePath.layer, NodeCommandExecutor.layer, NodeTerminal.layer).pipe(Layer.provideMerge(NodeFileSystem.layer));

// ../packages/node/dist/NodeHttpClient.js
import { Agent, Client, Proxy as Proxy2 } from "@httpfx/core";
import * as Effect4 from "effect/Effect";
import * as Layer3 from "effect/Layer";

// ../packages/node/dist/NodeNetwork.js
init_fault();
import * as dns from "node:dns";
import * as net8 from "node:net";
import * as Effect3 from "effect/Effect";
import * as Layer2 from "effect/Layer";
import * as HttpError3 from "@httpfx/core/HttpError";
import * as Network2 from "@httpfx/core/Network";

// ../packages/node/dist/socket/listen.js
import * as fs from "node:fs";
import * as net4 from "node:net";
import process2 from "node:process";
import * as Effect from "effect/Effect";
import * as HttpError from "@httpfx/core/HttpError";
import { formatListen } from "@httpfx/core/Network";

// ../packages/node/dist/socket/tcpTransport.js
import * as net3 from "node:net";

// ../packages/node/dist/socket/fast/accept.js
import * as net from "node:net";
var acceptDirectly = (server, accepted) => {
  const handle = server._handle;
  if (typeof handle?.onconnection !== "function")
    return false;
  handle.onconnection = (status, connection) => {
    if (status !== 0 || connection === void 0)
      return;
    connection.setNoDelay?.(true);
    accepted(connection);
  };
  return true;
};
var socketOver = (handle, onread) => {
  const options = { handle, manualStart: true, allowHalfOpen: true, onread };
  return new net.Socket(options);
};

// ../packages/node/dist/socket/fast/peer.js
var knowsNoPeer = (socket) => {
  const handle = socket._handle;
  return handle?.getpeername !== void 0 && handle.getpeername({}) !== 0;
};

// ../packages/node/dist/socket/fast/readAgain.js
var readAgain = (socket) => {
  const handle = socket._handle;
  if (typeof handle?.readStart !== "function")
    return false;
  handle.reading = true;
  handle.readStart();
  return true;
};

// ../packages/node/dist/socket/fast/writes.js
import * as net2 from "node:net";
var key = /* @__PURE__ */ Symbol("httpfx.writing");
var stream = net2.Socket.prototype;
function write(data, encoding, done) {
  const writing = this[key];
  writing.done = done;
  writing.underWay = data.length;
  stream._write.call(this, data, encoding, writing.written);
}
function writev(chunks, done) {
  const writing = this[key];
  writing.done = done;
  writing.underWay = this.writableLength;
  stream._writev.call(this, chunks, writing.written);
}
var watchesWrites = typeof stream._write === "function" && typeof stream._writev === "function";
var watchWrites = (socket, writing) => {
  if (!watchesWrites)
    return;
  const own = socket;
  own[key] = writing;
  own._write = write;
  own._writev = writev;
};

// ../packages/node/dist/socket/tcpTransport.js
init_fault();

// ../packages/node/dist/socket/fast/userBuffer.js
var keys;
var find = (socket) => {
  const symbols = Object.getOwnPropertySymbols(socket);
  const named = (name) => symbols.find((symbol) => symbol.description === name);
  const buffer = named("kBuffer");
  const callback2 = named("kBufferCb");
  const generator = named("kBufferGen");
  return buffer && callback2 && generator ? { buffer, callback: callback2, generator } : null;
};
var knowsBuffers = (socket) => {
  if (keys === void 0)
    keys = find(socket);
  return keys !== null;
};
var exchangeBuffer = (socket, buffer) => {
  const keyed = socket;
  if (!keys || !keyed._handle?.useUserBuffer)
    return;
  keyed._handle.useUserBuffer(buffer);
  keyed[keys.buffer] = buffer;
};
var takesOnread = (socket) => {
  const keyed = socket;
  if (keyed.encrypted || !keyed._handle?.useUserBuffer || !knowsBuffers(socket))
    return false;
  return keyed[keys.buffer] === null;
};
var giveOnread = (socket, onread, buffer) => {
  const keyed = socket;
  exchangeBuffer(socket, buffer);
  keyed[keys.callback] = onread.callback;
  keyed[keys.generator] = onread.buffer;
};

// ../packages/node/dist/socket/reader.js
init_realTime();
var scratchSize = 64 * 1024;
var scratch = Buffer.allocUnsafeSlow(scratchSize);
var ownSize = 112 * 1024;
var keptSize = ownSize / 2;
var bulkSize = 16 * 1024;
var bulkBytes = 4 * scratchSize;
var bulkPatience = 1e3;
var Reader = class {
  /** The socket that reads, once it exists. */
  socket;
  deliver;
  own = false;
  silence;
  inARow = 0;
  /** Whether the last read was small. A single small read between large reads does not end bulk mode. */
  small = false;
  next = scratch;
  /** The option `onread` for the socket (Node documentation: net.Socket). */
  options = {
    // Node calls this function before the first read and after every read. If the function returns
    // `undefined`, Node uses the same buffer again.
    buffer: (() => {
      const next = this.next;
      this.next = void 0;
      return next;
    }),
    callback: (length, buffer) => {
      const { deliver } = this;
      if (deliver === void 0)
        return true;
      const more = deliver(this.take(length, buffer));
      if (this.own && (!more || this.socket?.isPaused() === true))
        this.shrink(scratch);
      return more;
    }
  };
  take(length, buffer) {
    if (this.own) {
      this.silence?.refresh();
      if (length >= keptSize) {
        this.small = false;
        this.next = Buffer.allocUnsafeSlow(ownSize);
        return buffer.subarray(0, length);
      }
      if (length >= bulkSize)
        this.small = false;
      else if (this.small)
        this.shrink(scratch);
      else
        this.small = true;
    } else if (length >= bulkSize) {
      this.small = false;
      if ((this.inARow += length) >= bulkBytes && this.canGrow)
        this.grow();
    } else if (this.small)
      this.inARow = 0;
    else
      this.small = true;
    const chunk = Buffer.allocUnsafe(length);
    chunk.set(new Uint8Array(buffer.buffer, buffer.byteOffset, length), 0);
    return chunk;
  }
  get canGrow() {
    return this.socket !== void 0 && knowsBuffers(this.socket);
  }
  grow() {
    this.own = true;
    this.next = Buffer.allocUnsafeSlow(ownSize);
    this.silence = setTimeout2(() => this.stalled(), bulkPatience).unref();
  }
  shrink(next) {
    this.own = false;
    this.inARow = 0;
    this.next = next;
    clearTimeout2(this.silence);
    this.silence = void 0;
  }
  stalled() {
    this.shrink(void 0);
    if (this.socket !== void 0)
      exchangeBuffer(this.socket, scratch);
  }
  /**
   * Makes an existing socket read through this reader, from its next read on. Returns `false` and changes
   * nothing for a TLS socket, for a socket with its own `onread`, and if Node's internals are not as
   * expected.
   */
  takeOver(socket, deliver) {
    if (!takesOnread(socket))
      return false;
    this.reads(socket, deliver);
    this.next = void 0;
    giveOnread(socket, this.options, scratch);
    return true;
  }
  /** Sets the socket, which was made with `options`, and the function that gets the received bytes. */
  reads(socket, deliver) {
    this.socket = socket;
    this.deliver = deliver;
  }
};

// ../packages/node/dist/socket/tcpTransport.js
init_streamTransport();
init_realTime();
var TcpTransport = class extends StreamTransport {
  socket;
  done = void 0;
  written;
  held;
  looking = false;
  constructor(socket, reader, addresses) {
    super(socket, addresses);
    this.socket = socket;
    reader.reads(socket, (chunk) => {
      this.handlers.data(chunk);
      return true;
    });
    this.written = (error) => {
      this.underWay = 0;
      if (error)
        this.writeFailed(error);
      else
        this.done?.();
    };
    watchWrites(socket, this);
  }
  get buffered() {
    return this.held === void 0 ? super.buffered : 0;
  }
  start(handlers) {
    super.start(handlers);
    if (this.held !== void 0 && this.paused)
      this.fail();
  }
  pause() {
    super.pause();
    if (this.held !== void 0 && this.started)
      this.fail();
  }
  isLost() {
    return knowsNoPeer(this.socket);
  }
  // Start reading now. `resume` would start reading in a later tick, even if the owner has paused by then.
  beginReading() {
    this.socket.read(0);
  }
  sawError(error) {
    this.failure ??= this.held ?? faultOf(error, "read");
  }
  sawEnd() {
    if (this.held !== void 0) {
      this.ended = this.held.code === "EPIPE";
      this.fail();
      return;
    }
    const mayBeReset = !this.socket.writableFinished && knowsNoPeer(this.socket);
    if (!mayBeReset || !readAgain(this.socket))
      return super.sawEnd();
    this.looking = true;
    setImmediate2(() => setImmediate2(() => this.looked()));
  }
  sawClose() {
    if (this.looking)
      this.ended ||= this.failure === void 0;
    super.sawClose();
  }
  looked() {
    this.looking = false;
    if (this.failure === void 0 && !this.ended)
      super.sawEnd();
  }
  // Do not pass the failure to the stream, because the stream would destroy itself and the bytes in the
  // receive queue would be lost.
  writeFailed(error) {
    this.writable = false;
    this.held = faultOf(error, "write");
    if (this.ended || this.paused)
      this.fail();
  }
  fail() {
    this.failure ??= this.held;
    nextTick(() => this.socket.destroy());
  }
};
var connecting = (options, addresses) => {
  const reader = new Reader();
  const socket = net3.connect({ ...options, allowHalfOpen: true, onread: reader.options });
  socket.pause();
  return new TcpTransport(socket, reader, addresses);
};
var overHandle = (handle, addresses) => {
  const reader = new Reader();
  return new TcpTransport(socketOver(handle, reader.options), reader, addresses);
};
var createServer2 = (addresses, onConnection) => net3.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => onConnection(new StreamTransport(socket, addresses())));
var acceptTransports = (server, addresses, onConnection) => {
  acceptDirectly(server, (handle) => onConnection(overHandle(handle, addresses())));
};

// ../packages/node/dist/socket/listen.js
var listenFailed = (options, error) => {
  const fields = { address: formatListen(options), reason: error.message, cause: error };
  return error.code === "EADDRINUSE" ? new HttpError.AddressInUse(fields) : new HttpError.ListenFailed({ ...fields, code: error.code ?? "EINVAL" });
};
var boundTo = (server) => {
  const address2 = server.address();
  return typeof address2 === "string" ? { _tag: "UnixAddress", path: address2 } : { _tag: "TcpAddress", hostname: address2?.address ?? "", port: address2?.port ?? 0 };
};
var knowsReusePort = () => {
  const [major = 0, minor = 0] = process2.versions.node.split(".").map(Number);
  return major > 23 || major === 23 && minor >= 1 || major === 22 && minor >= 12;
};
var literal = (host2) => host2.startsWith("[") && host2.endsWith("]") ? host2.slice(1, -1).replace("%25", "%") : host2;
var listenOn = (server, options, ready) => {
  if ("handle" in options)
    return void server.listen(options.handle, ready);
  const backlog = options.backlog ?? 511;
  if ("fd" in options)
    return void server.listen({ fd: options.fd, backlog }, ready);
  if ("path" in options)
    return void server.listen({ path: options.path, backlog }, ready);
  const { host: host2, ipv6Only = false, port, reusePort = false } = options;
  if (reusePort && !knowsReusePort()) {
    const message = `reusePort needs Node.js 22.12 or later, this is ${process2.versions.node}`;
    throw Object.assign(new Error(message), { code: "ENOTSUP" });
  }
  const given = { port, backlog, ipv6Only, ...host2 === void 0 ? {} : { host: literal(host2) } };
  server.listen(reusePort ? { ...given, reusePort } : given, ready);
};
var opened = (options, onConnection) => Effect.async((resume) => {
  let local;
  const addresses = () => local?._tag === "UnixAddress" ? { local } : void 0;
  const server = createServer2(addresses, onConnection);
  const failed3 = (error) => resume(Effect.fail(listenFailed(options, error)));
  server.once("error", failed3);
  const ready = () => {
    server.off("error", failed3);
    server.on("error", () => {
    });
    acceptTransports(server, addresses, onConnection);
    const address2 = local = boundTo(server);
    resume(Effect.succeed({
      address: address2,
      close: Effect.sync(() => void server.close()),
      ref: () => void server.ref(),
      unref: () => void server.unref()
    }));
  };
  try {
    listenOn(server, options, ready);
  } catch (error) {
    failed3(error);
  }
});
var removeStale = (path) => Effect.async((resume) => {
  const socket = net4.connect(path);
  socket.once("connect", () => {
    socket.destroy();
    resume(Effect.succeed(false));
  });
  socket.once("error", (error) => {
    if (error.code !== "ECONNREFUSED")
      return resume(Effect.succeed(false));
    resume(Effect.sync(() => {
      try {
        if (!fs.lstatSync(path).isSocket())
          return false;
        fs.unlinkSync(path);
        return true;
      } catch {
        return false;
      }
    }));
  });
});
var openServer = (options, onConnection) => {
  const once = opened(options, onConnection);
  if (!("path" in options) || options.replaceStale === false)
    return once;
  return Effect.catchTag(once, "AddressInUse", (error) => Effect.flatMap(removeStale(options.path), (removed) => removed ? once : Effect.fail(error)));
};

// ../packages/node/dist/socket/tls.js
init_fault();
import { createHash } from "node:crypto";
import * as net7 from "node:net";
import * as tls from "node:tls";
import * as Duration from "effect/Duration";
import * as Effect2 from "effect/Effect";
import * as HttpError2 from "@httpfx/core/HttpError";
import * as Network from "@httpfx/core/Network";
import { sniName } from "@httpfx/core/pool";
import { fault as fault3, formatAddress as formatAddress2 } from "@httpfx/core/Transport";

// ../packages/node/dist/socket/fast/closeNotify.js
import * as net5 from "node:net";
var onEof = (socket, told) => {
  const { push } = socket;
  socket.push = (chunk, encoding) => {
    if (chunk === null)
      told();
    return push.call(socket, chunk, encoding);
  };
};
var endedBelow = (socket, below) => {
  if (!(below instanceof net5.Socket))
    return below.readableEnded;
  const handle = socket._handle;
  if (handle?.reading !== true)
    return false;
  return handle._parent?.readStart?.() === 0;
};

// ../packages/node/dist/socket/fast/serverTls.js
var secured = "secure";
var failed = "_tlsError";
var verifyErrorOf = (socket) => socket.ssl?.verifyError?.();

// ../packages/node/dist/socket/tls.js
init_reset();
init_streamTransport();

// ../packages/node/dist/socket/fast/serverName.js
var serverNameOf = (socket) => socket.servername || void 0;

// ../packages/node/dist/socket/tlsFacts.js
var names = (name) => ({ ...name });
var time = (text3) => {
  const millis = Date.parse(text3);
  return Number.isNaN(millis) ? void 0 : millis;
};
var certificateOf = (socket) => {
  const found = socket.getPeerCertificate();
  if (found?.raw === void 0)
    return void 0;
  return {
    subject: names(found.subject),
    issuer: names(found.issuer),
    subjectAltName: found.subjectaltname,
    validFrom: time(found.valid_from),
    validTo: time(found.valid_to),
    serialNumber: found.serialNumber,
    fingerprint256: found.fingerprint256,
    raw: found.raw
  };
};
var codeOf = (error) => {
  if (error === null || error === void 0 || error === "")
    return void 0;
  return error instanceof Error ? error.code ?? error.message : String(error);
};
var distrust = (socket) => {
  if (socket.authorized)
    return void 0;
  return socket.authorizationError ?? verifyErrorOf(socket);
};
var tlsFacts = (socket) => {
  const peerCertificate = certificateOf(socket);
  const error = codeOf(distrust(socket));
  return {
    protocol: socket.getProtocol() ?? void 0,
    cipher: socket.getCipher()?.name,
    alpnProtocol: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : void 0,
    serverName: serverNameOf(socket),
    sessionReused: socket.isSessionReused(),
    authorized: peerCertificate !== void 0 && error === void 0,
    authorizationError: peerCertificate === void 0 ? void 0 : error,
    peerCertificate
  };
};

// ../packages/node/dist/socket/tls.js
init_transportSocket();
init_realTime();
var alike = [
  "ca",
  "cert",
  "ciphers",
  "crl",
  "ecdhCurve",
  "key",
  "maxVersion",
  "minVersion",
  "passphrase",
  "pfx",
  "secureOptions",
  "sigalgs"
];
var contextOptions = (options) => {
  const context = options.role === "server" ? serverContext(options) : {};
  for (const name of alike) {
    const value = options[name];
    if (value !== void 0)
      context[name] = value;
  }
  return context;
};
var serverContext = (options) => {
  const { sessionIdContext = trustOf(options), sessionTimeout, ticketKeys } = options;
  return {
    honorCipherOrder: options.honorCipherOrder ?? true,
    sessionIdContext,
    ...options.dhparam !== void 0 && { dhparam: options.dhparam },
    ...ticketKeys !== void 0 && { ticketKeys },
    ...sessionTimeout !== void 0 && {
      sessionTimeout: Math.max(1, Math.ceil(Duration.toSeconds(sessionTimeout)))
    }
  };
};
var trustOf = ({ ca, crl, rejectUnauthorized, requestCert }) => createHash("sha256").update(JSON.stringify([ca, crl, requestCert ?? false, rejectUnauthorized ?? true])).digest("hex").slice(0, 32);
var contexts = /* @__PURE__ */ new WeakMap();
var contextFor = (options, name) => {
  let made = contexts.get(options);
  if (made === void 0)
    contexts.set(options, made = /* @__PURE__ */ new Map());
  let context = made.get(name);
  if (context === void 0) {
    const credentials = name === void 0 ? {} : options.certificates[name];
    made.set(name, context = tls.createSecureContext(contextOptions({ ...options, ...credentials })));
  }
  return context;
};
var byName = (options) => (serverName, done) => {
  const name = Network.certificateName(options, serverName);
  if (name === void 0)
    return done(null);
  try {
    done(null, contextFor(options, name));
  } catch (error) {
    done(error);
  }
};
var checkTls = (options) => Effect2.try({
  try: () => {
    if (options.role === "client")
      return void contextFor(options, void 0);
    for (const name of [void 0, ...Object.keys(options.certificates ?? {})])
      contextFor(options, name);
  },
  catch: (error) => {
    const { code, message } = error;
    return new HttpError2.TlsFailure({
      code: code ?? "ERR_TLS",
      reason: message,
      phase: "secure",
      cause: error
    });
  }
});
var handshake = (stream2, options) => {
  const checkServerIdentity = options.checkServerIdentity;
  const ALPNProtocols = [...options.alpn ?? ["http/1.1"]];
  if (options.role === "client") {
    const { onSession, session } = options;
    const name = options.serverName === void 0 ? void 0 : sniName(options.serverName);
    const socket = tls.connect({
      ...contextOptions(options),
      ...session !== void 0 && { session: Buffer.from(session) },
      socket: stream2,
      ALPNProtocols,
      rejectUnauthorized: options.rejectUnauthorized ?? true,
      ...checkServerIdentity !== void 0 && { checkServerIdentity },
      ...name === void 0 ? {} : (
        // An IP address is checked against the certificate, but never sent as SNI (RFC 6066 section 3).
        { ...net7.isIP(name) === 0 ? { servername: name } : {}, host: name }
      )
    });
    if (onSession !== void 0)
      socket.on("session", onSession);
    return socket;
  }
  return new tls.TLSSocket(stream2, {
    isServer: true,
    secureContext: contextFor(options, void 0),
    ...options.certificates === void 0 ? {} : { SNICallback: byName(options) },
    ALPNProtocols,
    requestCert: options.requestCert ?? false,
    rejectUnauthorized: options.rejectUnauthorized ?? true
  });
};
var streamOf = (transport) => transport instanceof StreamTransport ? transport.release() : new TransportSocket(transport, { allowHalfOpen: true }).on("error", () => {
});
var failure = (error, address2) => {
  const facts = { reason: error.message, phase: "secure", address: address2, cause: error };
  if (error.code !== "ECONNRESET" && error.code !== "EPIPE") {
    return new HttpError2.TlsFailure({ ...facts, code: error.code ?? "ERR_TLS_HANDSHAKE" });
  }
  return error.syscall === void 0 ? new HttpError2.HangUp(facts) : new HttpError2.ConnectionReset(facts);
};
var refusalOf = (socket, options) => {
  const { rejectUnauthorized = true, requestCert, role } = options;
  if (role === "client" || requestCert !== true || !rejectUnauthorized)
    return void 0;
  const reason = distrust(socket);
  if (reason === void 0 || reason === null)
    return void 0;
  return reason instanceof Error ? reason : Object.assign(new Error(String(reason)), { code: String(reason) });
};
var TlsTransport = class extends StreamTransport {
  socket;
  below;
  truncated = false;
  done = void 0;
  written;
  facts;
  constructor(socket, below, addresses, requireCloseNotify) {
    super(socket, addresses);
    this.socket = socket;
    this.below = below;
    socket.on(failed, (error) => nextTick(() => socket.destroy(error)));
    if (requireCloseNotify) {
      onEof(socket, () => {
        this.truncated = endedBelow(socket, below);
      });
    }
    this.written = (error) => {
      this.underWay = 0;
      this.done?.(error);
    };
    watchWrites(socket, this);
  }
  get tls() {
    return this.facts ??= tlsFacts(this.socket);
  }
  isLost() {
    return this.below instanceof net7.Socket && knowsNoPeer(this.below);
  }
  // TLS encrypts each write immediately, so unsent bytes wait in the queue of the underlying stream.
  get writer() {
    return this.below;
  }
  leave() {
    if (this.below instanceof net7.Socket)
      this.below.destroy();
    else
      super.leave();
  }
  destroyNow() {
    if (this.below instanceof net7.Socket)
      resetStream(this.below, this.stream);
    else {
      this.below.destroy(errorOf(fault3("ECONNRESET", "reset")));
      this.stream.destroy();
    }
  }
};
var secure = (transport, options) => Effect2.async((resume) => {
  const { local, remote } = transport;
  const address2 = remote === void 0 ? void 0 : formatAddress2(remote);
  const stream2 = streamOf(transport);
  let socket;
  try {
    socket = handshake(stream2, options);
  } catch (error) {
    stream2.destroy();
    return resume(Effect2.fail(failure(error, address2)));
  }
  const done = options.role === "client" ? "secureConnect" : secured;
  const stop = () => {
    socket.off(done, connected);
    socket.off(failed, failed3);
    socket.off("error", failed3);
    socket.off("close", closed2);
    socket.off("end", closed2);
    stream2.off("error", failed3);
  };
  const giveUp = () => {
    stop();
    socket.on("error", () => {
    });
    socket.destroy();
    stream2.destroy();
  };
  const connected = () => {
    const refused = refusalOf(socket, options);
    if (refused !== void 0)
      return failed3(refused);
    stop();
    const requireCloseNotify = options.role === "client" && options.requireCloseNotify !== false;
    resume(Effect2.succeed(new TlsTransport(socket, stream2, { local, remote }, requireCloseNotify)));
  };
  const failed3 = (error) => {
    giveUp();
    resume(Effect2.fail(failure(error, address2)));
  };
  const closed2 = () => {
    const reason = "the connection was closed before TLS was established";
    failed3(Object.assign(new Error(reason), { code: "ECONNRESET" }));
  };
  socket.once(done, connected);
  socket.once(failed, failed3);
  socket.once("error", failed3);
  socket.once("close", closed2);
  if (options.role === "server")
    socket.once("end", closed2);
  stream2.once("error", failed3);
  return Effect2.sync(giveUp);
});

// ../packages/node/dist/NodeNetwork.js
var resolverCodes = ["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "ENODATA", "ETIMEOUT"];
var notResolved = (host2, error) => new HttpError3.NameNotResolved({
  code: resolverCodes.find((code) => code === error.code) ?? (error.code === "EAI_NODATA" ? "ENODATA" : "EAI_FAIL"),
  host: host2,
  reason: error.message,
  cause: error
});
var resolve = (host2, options) => Effect3.async((resume) => {
  const name = literal(host2);
  const family2 = net8.isIP(name);
  if (family2 === 4 || family2 === 6) {
    if (options?.family === void 0 || options.family === family2) {
      return resume(Effect3.succeed([{ address: name, family: family2 }]));
    }
    const message = `getaddrinfo ENOTFOUND ${name}`;
    return resume(Effect3.fail(new HttpError3.NameNotResolved({ code: "ENOTFOUND", host: host2, reason: message })));
  }
  const { family: wanted = 0, hints = 0 } = options ?? {};
  const told = (error, found) => {
    if (error)
      return resume(Effect3.fail(notResolved(host2, error)));
    const [first, ...rest] = found.map(({ address: address2, family: family3 }) => ({ address: address2, family: family3 === 6 ? 6 : 4 }));
    resume(first === void 0 ? Effect3.fail(new HttpError3.NameNotResolved({ code: "ENODATA", host: host2, reason: `no address for ${host2}` })) : Effect3.succeed([first, ...rest]));
  };
  try {
    dns.lookup(name, { all: true, verbatim: true, family: wanted, hints }, told);
  } catch (error) {
    resume(Effect3.fail(notResolved(host2, error)));
  }
});
var connectError = (address2, error) => {
  const fault5 = { ...faultOf(error, "connect"), address: address2 };
  const failure2 = HttpError3.fromFault(fault5, { phase: "connect" });
  return failure2._tag === "BrokenPipe" || failure2._tag === "TlsFailure" ? new HttpError3.ConnectionFailed({ ...failure2, code: fault5.code }) : failure2;
};
var open = (address2, options) => address2._tag === "UnixAddress" ? connecting({ path: address2.path }, { remote: address2 }) : connecting({
  host: literal(address2.hostname),
  port: address2.port,
  // Try this address only; the caller races several addresses.
  autoSelectFamily: false,
  noDelay: options?.noDelay ?? true,
  ...options?.localAddress === void 0 ? {} : { localAddress: options.localAddress },
  ...options?.localPort === void 0 ? {} : { localPort: options.localPort }
});
var connect4 = (address2, options) => Effect3.async((resume) => {
  let transport;
  try {
    transport = open(address2, options);
  } catch (error) {
    return resume(Effect3.fail(connectError(address2, error)));
  }
  const { socket } = transport;
  const connected = () => {
    socket.off("error", failed3);
    resume(Effect3.succeed(transport));
  };
  const failed3 = (error) => {
    socket.off("connect", connected);
    resume(Effect3.fail(connectError(address2, error)));
  };
  socket.once("connect", connected);
  socket.once("error", failed3);
  return Effect3.sync(() => {
    socket.off("connect", connected);
    socket.off("error", failed3);
    socket.destroy();
  });
});
var live = {
  resolve,
  connect: connect4,
  listen: (options, onConnection) => Effect3.acquireRelease(openServer(options, onConnection), (listener) => listener.close),
  secure,
  checkTls
};
var layer6 = Layer2.succeed(Network2.Network, live);

// ../packages/node/dist/NodeHttpClient.js
var HttpAgent = Agent.Agent;
var makeAgent = (options) => Effect4.provide(Agent.make(options), layer6);
var makeAgentLayer = (options) => Layer3.provide(Agent.layer(options), layer6);
var agentLayer = Layer3.orDie(makeAgentLayer());
var make2 = Effect4.map(Effect4.flatMap(Agent.Agent, (agent) => Effect4.orDie(Client.fromAgent(agent))), ({ httpClient }) => httpClient);
var layer7 = Layer3.orDie(Layer3.provide(Client.layer(), layer6));
var layerWithoutAgent = Layer3.orDie(Client.layerAgent());
var makeDispatcher = Effect4.orDie(makeAgent());

// ../packages/node/dist/NodeHttpPlatform.js
import * as Etag from "@effect/platform/Etag";
import * as HttpPlatform from "@effect/platform/HttpPlatform";
import * as NodeFileSystem2 from "@effect/platform-node-shared/NodeFileSystem";
import * as Layer4 from "effect/Layer";
import * as FileResponses from "@httpfx/core/FileResponses";
import mime from "mime";

// ../packages/node/dist/socket/fileStream.js
import { close, open as open2, read } from "node:fs";
import * as Effect5 from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
var pieceSize = 131072;
var ended = Effect5.fail(Option.none());
var ignore = () => {
};
var Reading = class {
  path;
  position;
  left;
  descriptor;
  busy = false;
  released = false;
  constructor(path, position, left) {
    this.path = path;
    this.position = position;
    this.left = left;
  }
  next = Effect5.async((resume) => this.ask(resume));
  ask(resume) {
    if (this.left === 0)
      return resume(ended);
    this.busy = true;
    if (this.descriptor !== void 0)
      return this.read(this.descriptor, resume);
    open2(this.path, "r", (error, descriptor) => {
      if (error !== null)
        return this.done(resume, Effect5.fail(Option.some(error)));
      this.descriptor = descriptor;
      if (this.released)
        return this.done(resume, ended);
      this.read(descriptor, resume);
    });
  }
  // Do not close the file during a pending call, because the system could reuse the descriptor for another
  // file before the call runs.
  release = Effect5.sync(() => {
    this.released = true;
    if (!this.busy)
      this.close();
  });
  read(descriptor, resume) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(this.left, pieceSize));
    read(descriptor, buffer, 0, buffer.length, this.position, (error, count) => {
      if (error !== null)
        return this.done(resume, Effect5.fail(Option.some(error)));
      if (count === 0)
        return this.done(resume, ended);
      this.position += count;
      this.left -= count;
      this.done(resume, Effect5.succeed(count === buffer.length ? buffer : buffer.subarray(0, count)));
    });
  }
  done(resume, piece) {
    this.busy = false;
    if (this.released || this.left === 0)
      this.close();
    resume(piece);
  }
  close() {
    if (this.descriptor !== void 0)
      close(this.descriptor, ignore);
    this.descriptor = void 0;
  }
};
var wholeFile = (path, offset, length) => Effect5.async((resume) => {
  const reading = new Reading(path, offset, length);
  reading.ask(resume);
  return reading.release;
});
var whole = /* @__PURE__ */ Symbol.for("@httpfx/core/body/whole");
var fileStream = (path, offset, length) => {
  const stream2 = Stream.unwrapScoped(Effect5.map(Effect5.acquireRelease(Effect5.sync(() => new Reading(path, offset, length)), (reading) => reading.release), (reading) => Stream.repeatEffectOption(reading.next)));
  return length === 0 || length > pieceSize ? stream2 : Object.assign(stream2, { [whole]: wholeFile(path, offset, length) });
};

// ../packages/node/dist/NodeHttpPlatform.js
var make4 = FileResponses.make({
  read: fileStream,
  typeOf: (name) => mime.getType(name) ?? "application/octet-stream"
});
var layer10 = Layer4.effect(HttpPlatform.HttpPlatform, make4).pipe(Layer4.provide([NodeFileSystem2.layer, Etag.layer]));

// ../packages/node/dist/webSocket/server.js
import * as PlatformSocket2 from "@effect/platform/Socket";
import * as Effect10 from "effect/Effect";
import * as Exit4 from "effect/Exit";
import { listElements } from "@httpfx/core/wire";

// ../packages/node/dist/webSocket/client.js
import * as Effect8 from "effect/Effect";
var constructorOnNetwork = Effect8.gen(function* () {
  const { makeHttp: makeHttp2 } = yield* Effect8.promise(() => Promise.resolve().then(() => (init_bound(), bound_exports)));
  const { WebSocket: WebSocket2 } = yield* makeHttp2;
  return (url, protocols) => new WebSocket2(url, protocols);
});

// ../packages/node/dist/webSocket/duplex.js
init_transportSocket();
var pieceSize2 = 8 * 1024;
var WebSocketDuplex = class extends TransportSocket {
  held = false;
  hold() {
    this.held = true;
    this.transport.pause();
  }
  release() {
    if (!this.held)
      return;
    this.held = false;
    if (this.readableLength < this.readableHighWaterMark)
      this.transport.resume();
  }
  _read() {
    if (!this.held)
      super._read();
  }
  push(chunk, encoding) {
    if (!Buffer.isBuffer(chunk) || chunk.length <= pieceSize2)
      return super.push(chunk, encoding);
    let more = true;
    for (let at = 0; at < chunk.length; at += pieceSize2)
      more = super.push(chunk.subarray(at, at + pieceSize2));
    return more;
  }
};

// ../packages/node/dist/webSocket/flow.js
init_realTime();
var framedClass = (Base) => {
  class Framing extends Base {
    closeBegins = void 0;
    close(code, data) {
      this.closeBegins?.(code);
      super.close(code, data);
    }
  }
  return Framing;
};
var mostWrites = 256;
var mostHandlers = 1024;
var leastHandlers = 16;
var mostInTurn = 256;
var WebSocketFlow = class {
  socket;
  duplex;
  options;
  /** Whether our side sent the first close frame. */
  closesItself = false;
  /** The error of `ws` for the peer's protocol violation, if there was one. */
  violation = void 0;
  /**
   * The code of the close frame; `undefined` until the WebSocket has closed. 1005 means that the frame had no
   * code, 1006 that there was no close frame.
   */
  closeCode = void 0;
  closeReason = "";
  receiver = void 0;
  /** Whether the delivery has ended. Later messages are then dropped. */
  ended = false;
  /** Whether reading is paused. Initially `true`, because there is no receiver yet. */
  held = true;
  /** Messages that `ws` parsed from its current input after reading was paused. */
  queue = [];
  handlers = 0;
  handled = 0;
  inTurn = 0;
  /** Whether writers must wait, because the peer does not read fast enough (backpressure). */
  full = false;
  writes = 0;
  waiting = /* @__PURE__ */ new Set();
  pong = void 0;
  constructor(socket, duplex, options) {
    this.socket = socket;
    this.duplex = duplex;
    this.options = options;
    socket.closeBegins = (code = 1005) => {
      if (this.closesItself)
        return;
      queueMicrotask(() => {
        const violation = this.violation?.message;
        options.closing({ code, own: violation !== void 0, violation });
      });
    };
    socket.on("message", (data, binary) => this.arrived(binary ? data : data.toString()));
    socket.on("ping", (data) => this.pinged(data));
    socket.on("error", (error) => {
      this.violation = error;
    });
    socket.on("close", (code, reason) => this.closed(code, reason.toString()));
    duplex.once("finish", () => this.receiver?.limit());
    socket.pause();
    duplex.hold();
  }
  get isOpen() {
    return this.socket.readyState === this.socket.OPEN;
  }
  get isClosed() {
    return this.closeCode !== void 0;
  }
  /** Starts to deliver messages to this receiver. Messages that were received before are delivered first. */
  begin(receiver) {
    this.receiver = receiver;
    if (this.isClosed)
      return this.tellClosed();
    if (!this.isOpen)
      receiver.limit();
    this.balance();
  }
  /** Ends the delivery. Queued and later messages are dropped. */
  end() {
    this.receiver = void 0;
    this.ended = true;
    this.queue = [];
    this.balance();
  }
  /**
   * Sends a message. Returns `false` if the caller must wait with `whenTaken` before the next message. After
   * a close frame nothing is sent and the result is `false`; `whenTaken` then calls back when the socket
   * closes.
   */
  send(message) {
    if (!this.isOpen)
      return false;
    this.socket.send(message, this.sent);
    this.count();
    return !this.full;
  }
  /**
   * Calls `tell` once, as soon as more may be written or the socket has closed. Returns a function that
   * cancels the call.
   */
  whenTaken(tell) {
    this.waiting.add(tell);
    return () => void this.waiting.delete(tell);
  }
  get takes() {
    return this.isOpen && !this.full;
  }
  /**
   * Sends a close frame, unless a close frame was already sent or received. Throws for an invalid code or
   * reason.
   */
  close(code, reason, cause) {
    if (!this.isOpen)
      return;
    this.closesItself = true;
    try {
      this.socket.close(code, reason);
    } catch (error) {
      this.closesItself = false;
      throw error;
    }
    this.options.closing({ code, own: true, cause });
    this.receiver?.limit();
    this.balance();
  }
  terminate() {
    this.socket.terminate();
  }
  arrived(message) {
    if (this.ended)
      return;
    if (this.held || this.receiver === void 0 || this.queue.length > 0)
      this.queue.push(message);
    else
      this.deliver(message, this.receiver);
  }
  deliver(message, receiver) {
    const { length } = message;
    this.handlers++;
    this.handled += length;
    if (++this.inTurn === mostInTurn)
      setImmediate2(this.nextTurn);
    const done = () => {
      if (this.receiver !== receiver)
        return;
      this.handlers--;
      this.handled -= length;
      this.balance();
    };
    if (!receiver.start(message, done))
      done();
    else
      this.balance();
  }
  nextTurn = () => {
    this.inTurn = 0;
    this.balance();
  };
  // A pong for the latest ping answers all earlier pings (RFC 6455 §5.5.3), so keep only the latest ping.
  pinged(data) {
    if (!this.isOpen)
      return;
    if (this.full)
      this.pong = Buffer.from(data);
    else {
      this.socket.pong(data, void 0, this.sent);
      this.count();
    }
  }
  count() {
    const waiting = this.socket.bufferedAmount;
    if (waiting === 0)
      this.writes = 0;
    else if (++this.writes >= mostWrites || waiting >= this.options.highWaterMark) {
      this.full = true;
      this.balance();
    }
  }
  sent = () => {
    if (!this.full || this.socket.bufferedAmount > 0 || !this.isOpen)
      return;
    this.full = false;
    this.writes = 0;
    const { pong } = this;
    this.pong = void 0;
    if (pong !== void 0)
      this.pinged(pong);
    this.wake();
    this.balance();
  };
  wake() {
    const tells = [...this.waiting];
    this.waiting.clear();
    for (const tell of tells)
      tell();
  }
  get mustHold() {
    if (this.receiver === void 0)
      return !this.ended;
    if (this.handlers >= mostHandlers || this.inTurn >= mostInTurn)
      return true;
    if (this.handlers >= leastHandlers && this.handled >= this.options.highWaterMark)
      return true;
    return this.full && this.isOpen && (this.options.holdsForWrites || this.handlers > 0);
  }
  balance() {
    const hold = this.mustHold;
    if (hold === this.held)
      return;
    this.held = hold;
    if (hold) {
      this.socket.pause();
      this.duplex.hold();
    } else
      this.deliverQueued();
  }
  deliverQueued() {
    const { receiver } = this;
    if (receiver !== void 0) {
      let next = 0;
      const { queue } = this;
      this.queue = [];
      while (next < queue.length && !this.held && this.receiver === receiver)
        this.deliver(queue[next++], receiver);
      if (this.receiver === receiver && next < queue.length)
        this.queue = queue.slice(next).concat(this.queue);
    }
    if (this.held)
      return;
    this.duplex.release();
    this.socket.resume();
  }
  closed(code, reason) {
    this.closeCode = code;
    this.closeReason = reason;
    this.tellClosed();
    this.wake();
  }
  tellClosed() {
    const { receiver } = this;
    if (receiver === void 0)
      return;
    for (const message of this.queue.splice(0))
      receiver.start(message, nothing2);
    if (this.violation === void 0)
      receiver.closed(this.closeCode, this.closeReason);
    else
      receiver.failed(this.violation);
  }
};
var nothing2 = () => {
};

// ../packages/node/dist/webSocket/options.js
import * as Duration2 from "effect/Duration";

// ../packages/node/dist/options/checks.js
import { InvalidOption } from "@httpfx/core/HttpError";
var integer = (least, most = Number.MAX_SAFE_INTEGER) => ({
  must: most === Number.MAX_SAFE_INTEGER ? `an integer >= ${least}` : `an integer from ${least} to ${most}`,
  is: (value) => Number.isSafeInteger(value) && value >= least && value <= most
});
var boolean = { must: "a boolean", is: (value) => typeof value === "boolean" };
var callback = { must: "a function", is: (value) => typeof value === "function" };
var isRecord = (value) => typeof value === "object" && value !== null;
var record = (inside) => ({ must: "a record of options", is: isRecord, inside });
var either = (one, other) => ({
  must: `${one.must} or ${other.must}`,
  is: (value) => one.is(value) || other.is(value),
  inside: { ...one.inside, ...other.inside }
});
var refuse = (given, table, prefix = "") => {
  const invalid = (option, must, received) => new InvalidOption({
    option,
    code: typeof received === "number" ? "ERR_OUT_OF_RANGE" : "ERR_INVALID_ARG_VALUE",
    reason: `must be ${must}`,
    received: typeof received === "string" ? JSON.stringify(received) : String(received)
  });
  if (!isRecord(given))
    return invalid(prefix.slice(0, -1), "a record of options", given);
  for (const [name, value] of Object.entries(given)) {
    if (value === void 0)
      continue;
    const check = Object.hasOwn(table, name) ? table[name] : void 0;
    if (check === void 0)
      return invalid(prefix + name, `left out: there is no such option`, value);
    if (!check.is(value))
      return invalid(prefix + name, check.must, value);
    if (check.inside !== void 0 && isRecord(value)) {
      const refused = refuse(value, check.inside, `${prefix}${name}.`);
      if (refused !== void 0)
        return refused;
    }
  }
  return void 0;
};

// ../packages/node/dist/webSocket/options.js
var finiteDuration = {
  must: "a finite duration >= 0",
  is: (value) => {
    if (typeof value === "string" ? value.trimStart().startsWith("-") : Number(value) < 0)
      return false;
    const decoded = Duration2.decodeUnknown(value);
    return decoded._tag === "Some" && Duration2.isFinite(decoded.value);
  }
};
var ofDeflate = {
  threshold: integer(0),
  serverNoContextTakeover: boolean,
  clientNoContextTakeover: boolean,
  serverMaxWindowBits: integer(8, 15),
  clientMaxWindowBits: integer(8, 15),
  concurrencyLimit: integer(1),
  level: integer(0, 9),
  memLevel: integer(1, 9)
};
var ofServer = {
  maxPayload: integer(0),
  perMessageDeflate: either(boolean, record(ofDeflate)),
  skipUTF8Validation: boolean,
  closeTimeout: finiteDuration,
  closeCodeIsError: callback,
  selectProtocol: callback
};
var refuseServer = (options, prefix) => refuse(options, ofServer, prefix);
var framing = ({ maxPayload, perMessageDeflate, skipUTF8Validation }) => ({
  perMessageDeflate: deflate(perMessageDeflate),
  // `WebSocketFlow` sends the pongs, so that it can delay them under backpressure.
  autoPong: false,
  ...maxPayload === void 0 ? {} : { maxPayload },
  ...skipUTF8Validation === void 0 ? {} : { skipUTF8Validation }
});
var deflate = (given) => {
  if (given === void 0 || typeof given === "boolean")
    return given ?? false;
  const { level, memLevel, ...rest } = given;
  const zlib = { ...level === void 0 ? {} : { level }, ...memLevel === void 0 ? {} : { memLevel } };
  return { ...defined(rest), zlibDeflateOptions: zlib };
};
var defined = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== void 0));
var everyday = /* @__PURE__ */ new Set([1e3, 1001, 1005, 1006]);
var closing = ({ closeCodeIsError, closeTimeout }) => ({
  closeCodeIsError: closeCodeIsError ?? ((code) => !everyday.has(code)),
  closeTimeout: Duration2.decode(closeTimeout ?? Duration2.seconds(5))
});

// ../packages/node/dist/webSocket/socket.js
import * as PlatformSocket from "@effect/platform/Socket";
import * as Deferred from "effect/Deferred";
import * as Effect9 from "effect/Effect";
import * as Exit3 from "effect/Exit";
import * as FiberSet from "effect/FiberSet";
import * as Scope2 from "effect/Scope";
import { turn as turn2 } from "@httpfx/core/PlatformTimers";
import { Pace as Pace2 } from "@httpfx/core/wire";
var encoder = new TextEncoder();
var nothing3 = () => {
};
var failed2 = (reason, cause) => new PlatformSocket.SocketGenericError({ reason, cause });
var nextTurn = Effect9.async((resume) => turn2(() => resume(Effect9.void)));
var close3 = (flow, code, cause, within) => Effect9.suspend(() => {
  flow.end();
  if (flow.isClosed)
    return Effect9.void;
  const over = Effect9.async((resume) => {
    if (flow.isClosed)
      return resume(Effect9.void);
    const tell = () => resume(Effect9.void);
    flow.socket.once("close", tell);
    return Effect9.sync(() => void flow.socket.off("close", tell));
  });
  flow.close(code, void 0, cause);
  return Effect9.timeoutTo(over, {
    duration: within,
    onSuccess: nothing3,
    onTimeout: () => flow.terminate()
  });
});
var closed = (flow) => Effect9.zipRight(nextTurn, Effect9.suspend(() => Effect9.fail(flow.violation === void 0 ? new PlatformSocket.SocketCloseError({
  reason: "Close",
  code: flow.closeCode,
  closeReason: flow.closeReason
}) : failed2("Write", flow.violation))));
var taken = (flow) => Effect9.async((resume) => {
  const tell = () => resume(flow.isClosed ? closed(flow) : Effect9.void);
  if (flow.isClosed || flow.takes)
    return tell();
  const giveUp = flow.whenTaken(tell);
  return Effect9.sync(giveUp);
});
var fromFlow = (acquire, { closeCodeIsError, closeTimeout }) => {
  const latch = Effect9.unsafeMakeLatch(false);
  let opened2;
  const pace = new Pace2();
  const runRaw = (handler, options) => Effect9.scopedWith((scope) => Effect9.gen(function* () {
    const fibers = yield* Scope2.extend(FiberSet.make(), scope);
    const flow = yield* Scope2.extend(acquire, scope);
    const fork = yield* Effect9.provideService(FiberSet.runtime(fibers)(), PlatformSocket.WebSocket, flow.socket);
    const end = (exit) => Deferred.unsafeDone(fibers.deferred, exit);
    flow.begin({
      start: (message, done) => {
        const handling = handler(message);
        if (!Effect9.isEffect(handling))
          return false;
        fork(handling).addObserver(done);
        return true;
      },
      closed: (code, closeReason) => end(flow.closesItself || !closeCodeIsError(code) ? Exit3.void : Exit3.fail(new PlatformSocket.SocketCloseError({ reason: "Close", code, closeReason }))),
      failed: (cause) => end(Exit3.fail(failed2("Read", cause))),
      limit: () => fork(Effect9.zipRight(Effect9.sleep(closeTimeout), Effect9.sync(() => flow.terminate())))
    });
    opened2 = flow;
    yield* latch.open;
    if (options?.onOpen !== void 0)
      yield* options.onOpen;
    return yield* FiberSet.join(fibers);
  })).pipe(
    // If opening has failed, open the latch too, so that waiting writers fail instead of waiting for ever.
    Effect9.ensuring(latch.open),
    Effect9.interruptible
  );
  const run = (handler, options) => runRaw((message) => handler(typeof message === "string" ? encoder.encode(message) : message), options);
  const pacing = Effect9.suspend(() => {
    pace.begin();
    return nextTurn;
  });
  const send = (flow, message) => {
    pace.sent(message.length);
    if (flow.send(message))
      return pace.due ? pacing : Effect9.void;
    return pace.due ? Effect9.zipRight(taken(flow), pacing) : taken(flow);
  };
  const write2 = (chunk) => latch.whenOpen(Effect9.suspend(() => {
    if (opened2 === void 0)
      return Effect9.fail(failed2("Write", new Error("the WebSocket was not opened")));
    try {
      if (!PlatformSocket.isCloseEvent(chunk))
        return send(opened2, chunk);
      opened2.close(chunk.code, chunk.reason);
      return Effect9.void;
    } catch (cause) {
      return Effect9.fail(failed2("Write", cause));
    }
  }));
  return PlatformSocket.Socket.of({
    [PlatformSocket.TypeId]: PlatformSocket.TypeId,
    run,
    runRaw,
    writer: Effect9.succeed(write2)
  });
};

// ../packages/node/dist/webSocket/server.js
var nothing4 = () => {
};
var openFailed = (cause) => new PlatformSocket2.SocketGenericError({ reason: "Open", cause });
var handshake2 = (server, { headers, target }, duplex, head, opened2) => {
  const list = (name) => {
    const elements = listElements(String(headers[name] ?? ""));
    return elements.length === 0 ? void 0 : elements.join(", ");
  };
  const fields = {
    ...headers,
    upgrade: "websocket",
    "sec-websocket-protocol": list("sec-websocket-protocol")
  };
  const upgrade = (extensions) => {
    const message = {
      method: "GET",
      url: target,
      headers: { ...fields, "sec-websocket-extensions": extensions }
    };
    server.handleUpgrade(message, duplex, head, opened2);
  };
  let declines = false;
  const decline = () => {
    declines = true;
  };
  server.once("wsClientError", decline);
  upgrade(list("sec-websocket-extensions"));
  server.off("wsClientError", decline);
  if (declines)
    upgrade(void 0);
};
var open3 = (server, request) => Effect10.flatMap(request.take, ({ initial, transport }) => Effect10.async((resume) => {
  const duplex = new WebSocketDuplex(transport);
  duplex.on("error", nothing4);
  duplex.once("close", () => resume(Effect10.fail(openFailed(new Error("the connection was closed")))));
  const head = Buffer.from(initial.buffer, initial.byteOffset, initial.length);
  handshake2(server, request, duplex, head, (socket) => {
    const flow = new WebSocketFlow(socket, duplex, {
      highWaterMark: request.highWaterMark,
      holdsForWrites: true,
      closing: ({ own, ...closing2 }) => request.closing({ ...closing2, by: own ? "server" : "client" })
    });
    request.opened(() => flow.close(1001));
    resume(Effect10.succeed(flow));
  });
}));
var codeOf3 = (failure2, isDraining) => failure2 !== void 0 ? 1011 : isDraining ? 1001 : 1e3;
var failureOf = (exit) => Exit4.isFailure(exit) && !Exit4.isInterrupted(exit) ? exit.cause : void 0;
var load = (options, prefix) => Effect10.gen(function* () {
  const refused = refuseServer(options, prefix);
  if (refused !== void 0)
    return yield* refused;
  const { WebSocket: WebSocket2, WebSocketServer } = yield* Effect10.promise(() => import("ws"));
  const { selectProtocol } = options;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    WebSocket: framedClass(WebSocket2),
    ...framing(options),
    ...selectProtocol === void 0 ? {} : { handleProtocols: (offered) => selectProtocol([...offered]) ?? false }
  });
  const closing2 = closing(options);
  return {
    client: constructorOnNetwork,
    upgrade: (request) => Effect10.sync(() => fromFlow(Effect10.acquireRelease(open3(server, request), (flow, exit) => {
      const cause = failureOf(exit);
      return close3(flow, codeOf3(cause, request.isDraining()), cause, closing2.closeTimeout);
    }), closing2))
  };
});

// ../packages/node/dist/NodeHttpServer.js
var platform = ({ webSocket = {} }) => Layer5.merge(layer6, Layer5.mapError(Layer5.effect(WebSocketUpgrader, load(webSocket, "webSocket.")), (cause) => new ServeError({ cause })));
var layerServer = (options) => Layer5.provide(Server.layer(options), platform(options));
var layerContext = Layer5.mergeAll(layer10, Etag2.layerWeak, layer5);
var layer11 = (options) => Layer5.merge(layerServer(options), layerContext);
var layerTest = HttpServer.layerTestClient.pipe(
  Layer5.provide(layer7),
  // Close idle connections without a grace period, because a test clock may never advance to its end.
  Layer5.provideMerge(layer11({ host: "127.0.0.1", port: 0, idleConnectionGrace: 0 }))
);

// hello/app.mjs
import * as HttpServer2 from "@effect/platform/HttpServer";
import * as HttpServerResponse from "@effect/platform/HttpServerResponse";
import * as Effect12 from "effect/Effect";
import * as Layer6 from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
var app = Effect12.sync(() => HttpServerResponse.text("Hello, World!"));
var serve2 = async (server) => {
  const runtime3 = ManagedRuntime.make(Layer6.provideMerge(HttpServer2.serve(app), server));
  const { address: address2 } = await runtime3.runPromise(HttpServer2.HttpServer);
  return address2.port;
};

// hello/httpfx.mjs
var layer12 = layer11({ port: 0, host: "127.0.0.1" });
var start = () => serve2(layer12);
export {
  layer12 as layer,
  start
};
