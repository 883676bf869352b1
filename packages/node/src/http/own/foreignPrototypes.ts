/**
 * Adapts prototypes that frameworks such as Express set on messages. Without the register hook, such a
 * prototype inherits from a prototype of the built-in `http`, whose methods cannot handle our messages.
 *
 * This file inserts a third prototype between the two. Its members call our methods for our messages, and the
 * built-in methods for messages of the built-in module. One app therefore works with servers of both modules.
 *
 * Never imports the built-in module. The built-in prototypes are found in the prototype chains of the
 * framework.
 */
import { Readable, Stream } from "node:stream"
import { IncomingMessage, isIncoming } from "../message/incoming.js"
import type { Incoming } from "../message/shapes.js"
import { isOutgoing, OutgoingMessage } from "../message/outgoing.js"
import { ServerResponse } from "../server/response.js"
import type { Response } from "../server/shapes.js"

/** A kind of message (request or response) whose prototype a framework extends. */
interface Kind {
  readonly own: object
  readonly isOurs: (message: object) => boolean
  readonly isBuiltIn: (proto: object) => boolean
  /** Our prototypes that have the members for our messages. The most derived prototype is the last. */
  readonly prototypes: ReadonlyArray<object>
}

const parentOf = (proto: object): object | null => Object.getPrototypeOf(proto) as object | null

const isNamed = (proto: object, name: string): boolean =>
  Object.hasOwn(proto, "constructor") && proto.constructor.name === name

const requests: Kind = {
  own: IncomingMessage.prototype,
  isOurs: isIncoming,
  isBuiltIn: (proto) => isNamed(proto, "IncomingMessage") && parentOf(proto) === Readable.prototype,
  prototypes: [IncomingMessage.prototype]
}

const responses: Kind = {
  own: ServerResponse.prototype,
  isOurs: isOutgoing,
  isBuiltIn(proto) {
    const parent = parentOf(proto)
    return (
      isNamed(proto, "ServerResponse") &&
      parent !== null &&
      isNamed(parent, "OutgoingMessage") &&
      parentOf(parent) === Stream.prototype
    )
  },
  prototypes: [OutgoingMessage.prototype, ServerResponse.prototype]
}

/**
 * Returns a property that calls our method for our messages. For messages of the built-in module, the
 * property calls the method of the built-in prototype.
 */
const memberOf = (
  { isOurs }: Kind,
  key: PropertyKey,
  descriptor: PropertyDescriptor,
  builtIn: object
): PropertyDescriptor => {
  const { configurable = true, enumerable = false, get, set } = descriptor
  const method: unknown = descriptor.value
  if (typeof method === "function") {
    const value = function (this: object, ...args: ReadonlyArray<unknown>): unknown {
      return Reflect.apply(
        isOurs(this) ? (method as () => unknown) : (Reflect.get(builtIn, key) as () => unknown),
        this,
        args
      )
    }
    return { configurable, enumerable, writable: true, value }
  }
  if (get === undefined) return descriptor
  return {
    configurable,
    enumerable,
    get(this: object): unknown {
      return isOurs(this) ? get.call(this) : Reflect.get(builtIn, key, this)
    },
    set(this: object, value: unknown): void {
      if (isOurs(this)) set?.call(this, value)
      else Reflect.set(builtIn, key, value, this)
    }
  }
}

const made = new WeakMap<object, object>()

const between = (kind: Kind, builtIn: object): object => {
  let proto = made.get(builtIn)
  if (proto === undefined) {
    proto = Object.create(builtIn) as object
    for (const one of kind.prototypes) {
      for (const key of Reflect.ownKeys(one)) {
        if (key === "constructor") continue
        const descriptor = Object.getOwnPropertyDescriptor(one, key)!
        Object.defineProperty(proto, key, memberOf(kind, key, descriptor, builtIn))
      }
    }
    made.set(builtIn, proto)
  }
  return proto
}

/**
 * Inserts our prototype into the prototype chain of this object, if the chain contains a built-in prototype
 * and has not been adapted yet. Returns whether a prototype was inserted.
 */
const mend = (kind: Kind, object: unknown): boolean => {
  if (typeof object !== "object" || object === null) return false
  let above = object
  for (let proto = parentOf(above); proto !== null; proto = parentOf(proto)) {
    if (proto === kind.own || made.get(parentOf(proto) ?? proto) === proto) return false
    if (kind.isBuiltIn(proto)) return Reflect.setPrototypeOf(above, between(kind, proto))
    above = proto
  }
  return false
}

/** Adapts the prototypes in an Express app's members `request` and `response`. */
export const adoptListener = (listener: unknown): void => {
  if (typeof listener !== "function") return
  const { request, response } = listener as { readonly request?: unknown; readonly response?: unknown }
  mend(requests, request)
  mend(responses, response)
}

/** Prototypes of responses that `adoptMessages` has already checked. */
const seen = new WeakSet<object>()

/**
 * Adapts prototypes that a listener has set on its messages. Later messages then work. The current request
 * may still fail, so a warning is emitted.
 */
export const adoptMessages = (req: Incoming, res: Response): void => {
  const proto = parentOf(res)
  if (proto === null || seen.has(proto)) return
  const needed = mend(requests, req)
  if (mend(responses, res) || needed) {
    const code = "HTTPFX_BUILT_IN_PROTOTYPES"
    process.emitWarning(advice, { code })
  }
  seen.add(parentOf(res) ?? proto)
}

const advice =
  "A request listener has put prototypes of the built-in http module under its messages, as Express does. The current request may fail, " +
  "later ones work. To avoid this, pass the app itself to createServer (createServer(app)), or start the process with " +
  "`node --import @httpfx/node/register`."
