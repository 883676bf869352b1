/**
 * A `fetch` over a `Client`: the platform's `Request` reads the arguments, the client sends, and the
 * platform's `Response` is what callers get.
 *
 * Never ignores a member of `init` that would change what happens: what cannot be done is refused by name.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import * as Client from "../Client.js"
import { InvalidOption } from "../HttpError.js"
import * as Timers from "../Timers.js"

type Fetch = typeof globalThis.fetch
type Input = Parameters<Fetch>[0]
type Init = RequestInit & Readonly<Record<string, unknown>>

// ---- members of `init`

/** The values with which a member is what this `fetch` does anyway. */
const meant: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  cache: ["default", "no-store"],
  integrity: [""],
  keepalive: [false],
  mode: ["cors"],
  referrer: ["about:client", "", "no-referrer"],
  referrerPolicy: ["", "no-referrer"],
  // Members of other functions of this name: of undici, node-fetch, Deno and Bun.
  ...Object.fromEntries(
    ["dispatcher", "agent", "compress", "follow", "size", "timeout", "client", "proxy", "tls", "unix"].map(
      (name) => [name, []]
    )
  )
}

const refusal = (input: Input, init: Init): TypeError | undefined => {
  for (const [name, values] of Object.entries(meant)) {
    const own = init[name]
    const value = own === undefined && input instanceof Request ? input[name as keyof Request] : own
    if (value === undefined || values.includes(value)) continue
    const cause = new InvalidOption({
      option: name,
      code: "ERR_INVALID_ARG_VALUE",
      reason: "is not supported by this fetch",
      received: typeof value === "string" ? JSON.stringify(value) : typeof value
    })
    return new TypeError(`fetch: ${cause.message}`, { cause })
  }
  return undefined
}

const signalOf = (input: Input, init: Init): AbortSignal | undefined => {
  const { signal } = init
  if (signal === null) return undefined
  if (signal === undefined) return input instanceof Request ? input.signal : undefined
  if (!(signal instanceof AbortSignal)) throw new TypeError("fetch: signal is not an AbortSignal")
  return signal
}

// ---- the request

type Body = Client.Request<unknown>["body"]
type Turn = (f: () => void) => void

const isInMemory = (body: unknown): boolean =>
  typeof body !== "object" ||
  body instanceof URLSearchParams ||
  body instanceof Blob ||
  body instanceof FormData ||
  body instanceof ArrayBuffer ||
  ArrayBuffer.isView(body)

// A body in memory is sent with its length, and can be sent again.
const bodyOf = async (input: Input, given: unknown, request: Request, turn: () => Turn): Promise<Body> => {
  const stream = request.body
  if (stream === null) return undefined
  if (given === undefined || given === null)
    return input instanceof Request ? atHand(stream, turn()) : undefined
  if (isInMemory(given)) return new Uint8Array(await request.arrayBuffer())
  return Stream.suspend(() => {
    const reader = stream.getReader()
    return readOn(reader, reader.read())
  })
}

const maxAtHand = 1_048_576

// The body of a `Request` is a stream, but mostly one whose bytes are in memory. These arrive within a turn
// of the event loop.
const atHand = async (stream: ReadableStream<Uint8Array>, turn: Turn): Promise<Body> => {
  const reader = stream.getReader()
  const pieces: Array<Uint8Array> = []
  for (let size = 0; ;) {
    const read = reader.read()
    const later = new Promise<undefined>((resolve) => turn(() => resolve(undefined)))
    const first = size > maxAtHand ? undefined : await Promise.race([read, later])
    if (first === undefined) {
      // The stream below reports a rejection.
      read.catch(() => {})
      return Stream.concat(Stream.fromIterable(pieces), readOn(reader, read))
    }
    if (first.done) return joined(pieces, size)
    pieces.push(first.value)
    size += first.value.length
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

const readOn = (reader: Reader, first: ReturnType<Reader["read"]>): Stream.Stream<Uint8Array, unknown> =>
  Stream.unfoldEffect(
    () => first,
    (read) =>
      Effect.map(Effect.tryPromise({ try: read, catch: identity }), ({ done, value }) =>
        done ? Option.none() : Option.some([value, () => reader.read()])
      )
  ).pipe(Stream.ensuring(Effect.sync(() => letGo(reader))))

// Never waits, because the source decides whether its cancellation ends.
const letGo = (source: Reader | ReadableStream<Uint8Array>, reason?: unknown): void => {
  source.cancel(reason).catch(() => {})
}

const joined = (pieces: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

const fieldsOf = (headers: Headers): ReadonlyArray<string> => {
  const fields: Array<string> = []
  headers.forEach((value, name) => fields.push(name, value))
  if (!headers.has("accept")) fields.push("accept", "*/*")
  return fields
}

// ---- the response

const redirects = new Set([301, 302, 303, 307, 308])
const withoutBody = new Set([204, 205, 304])

const headersOf = (rawHeaders: ReadonlyArray<string>): Headers => {
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!)
  return headers
}

// Sets `url` and `redirected`, because the constructor of `Response` has no option for either.
const withFacts = (
  response: Response,
  facts: { readonly url: string; readonly redirected: boolean }
): Response =>
  Object.defineProperties(response, {
    url: { value: facts.url },
    redirected: { value: facts.redirected },
    clone: { value: () => withFacts(Response.prototype.clone.call(response), facts) }
  })

const aborted = (signal: AbortSignal): Effect.Effect<never, unknown> =>
  Effect.async((resume) => {
    const abort = () => resume(Effect.fail(signal.reason))
    if (signal.aborted) return abort()
    signal.addEventListener("abort", abort, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", abort))
  })

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

const failed = (cause: unknown): never => {
  throw new TypeError("fetch failed", { cause })
}

const terminated = (cause: unknown): TypeError => new TypeError("terminated", { cause })

/** Creates the function; requests run with the context and the references of `runtime`. */
export const makeFetch = (
  client: Client.Service,
  runtime: Runtime.Runtime<never>,
  options: Client.RedirectOptions
): Fetch => {
  const following = Client.followRedirects(client, options)
  const run = Runtime.runPromiseExit(runtime)

  const responseOf = (
    response: Client.Response,
    { method, url }: Request,
    signal: AbortSignal | undefined
  ): Response => {
    const { rawHeaders, status, statusMessage: statusText } = response
    const bodiless = method === "HEAD" || withoutBody.has(status)
    // A 205 may have content, unlike the others, and nothing would read it.
    if (status === 205) void run(response.discard)
    const bytes = Stream.mapError(response.body, terminated)
    const stream = signal === undefined ? bytes : Stream.interruptWhen(bytes, aborted(signal))
    const body = bodiless
      ? null
      : (Stream.toReadableStreamRuntime(stream, runtime) as ReadableStream<Uint8Array<ArrayBuffer>>)
    const followed = Client.redirectsOf(response)
    return withFacts(new Response(body, { status, statusText, headers: headersOf(rawHeaders) }), {
      url: (followed.at(-1)?.to ?? url).replace(/#.*$/s, ""),
      redirected: followed.length > 0
    })
  }

  return async (input, given) => {
    const init = (given ?? {}) as Init
    const refused = refusal(input, init)
    if (refused !== undefined) throw refused
    const signal = signalOf(input, init)
    // Not with the signal: following it, the `Request` would leave a listener on it.
    const request = new Request(input, { ...init, signal: null })
    if (isAborted(signal)) {
      if (request.body !== null) letGo(request.body, signal?.reason)
      throw signal?.reason
    }
    const { credentials } = request
    const sent = (request.redirect === "follow" ? following : client).request<unknown>({
      url: request.url,
      method: request.method,
      headers: fieldsOf(request.headers),
      body: await bodyOf(input, init.body, request, () => Runtime.runSync(runtime)(Timers.timers).turn).catch(
        failed
      )
    })
    const answered = credentials === "omit" ? Client.without("cookies")(sent) : sent
    const exit = await run(answered, signal === undefined ? {} : { signal })
    if (Exit.isFailure(exit)) {
      // Nothing has read the body if no connection was made.
      if (request.body?.locked === false) letGo(request.body, signal?.reason)
      if (isAborted(signal)) throw signal?.reason
      return failed(Cause.squash(exit.cause))
    }
    const response = exit.value
    if (request.redirect === "error" && redirects.has(response.status)) {
      await run(response.discard)
      return failed(new Error(`unexpected redirect (${response.status})`))
    }
    try {
      return responseOf(response, request, signal)
    } catch (error) {
      // `Response` refuses some statuses, such as 999.
      await run(response.discard)
      return failed(error)
    }
  }
}
