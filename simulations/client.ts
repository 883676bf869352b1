/**
 * The clients. Each client sends requests to the first service one by one, with pauses. It checks every
 * response, and interrupts some requests. One of four clients uses platform's `HttpClient`.
 */
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type * as Client from "@httpfx/core/Client"
import {
  between,
  drawAsk,
  drawReading,
  fieldsOf,
  isTooLarge,
  pathOf,
  pick,
  type Ask,
  type Draw,
  type Reading
} from "./ask.js"
import type { Call, Ledger } from "./ledger.js"
import { check, downBody, requestBody } from "./service.js"

interface Answer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly resent: number | undefined
  readonly bytes: Effect.Effect<Uint8Array, unknown>
  readonly body: Stream.Stream<Uint8Array, unknown>
}

export interface Settings {
  readonly requests: number
  /** Time over which the requests are distributed, ms. */
  readonly span: number
  /** The name of the first service. */
  readonly to: string
}

export class User {
  constructor(
    private readonly name: string,
    private readonly client: Client.Service,
    private readonly platform: boolean,
    private readonly ledger: Ledger,
    private readonly draw: Draw,
    private readonly settings: Settings
  ) {}

  /** Sends all requests. Never fails. */
  get life(): Effect.Effect<void> {
    const { requests } = this.settings
    return Effect.forEach(
      Array.from({ length: requests }, (_, index) => index),
      (index) => Effect.zipRight(Effect.sleep(this.pause()), this.one(`${this.name}.${index}`)),
      { discard: true }
    )
  }

  // Pauses are mostly short and sometimes long, so that connections are reused, but also expire.
  private pause(): number {
    const mean = this.settings.span / this.settings.requests
    return pick(this.draw, [
      [40, between(this.draw, 0, 2_000)],
      [60, between(this.draw, 0, 2 * mean)]
    ])
  }

  private one(id: string): Effect.Effect<void> {
    const { draw } = this
    const ask = drawAsk(draw)
    const reading = drawReading(draw)
    if (draw() >= 0.05) return this.outcome(id, ask, reading)
    const patience = between(draw, 0, 2_500)
    return Effect.flatMap(Effect.fork(this.outcome(id, ask, reading)), (fiber) =>
      Effect.zipRight(Effect.sleep(patience), Effect.asVoid(Fiber.interrupt(fiber)))
    )
  }

  private outcome(id: string, ask: Ask, reading: Reading): Effect.Effect<void> {
    const { ledger } = this
    const call = ledger.begin(id, ask.method, this.settings.to)
    if (ask.closes === "client") ledger.closes(id)
    const done = Effect.flatMap(this.send(id, ask), (answer) => this.read(call, ask, answer, reading))
    return Effect.matchCauseEffect(
      Effect.onInterrupt(done, () => Effect.sync(() => ledger.givenUp(call))),
      {
        onSuccess: () => Effect.void,
        onFailure: (cause) => {
          const failure = Cause.failureOption(cause)
          if (failure._tag === "Some") ledger.failed(call, failure.value)
          else if (!Cause.isInterruptedOnly(cause)) ledger.broken(`${id} died: ${Cause.pretty(cause)}`)
          return Effect.void
        }
      }
    )
  }

  private read(call: Call, ask: Ask, answer: Answer, reading: Reading): Effect.Effect<void, unknown> {
    const { ledger } = this
    ledger.head(call, answer.status, answer.header("x-id"))
    const whole = (bytes: Uint8Array) => {
      ledger.answered(call, answer.status, answer.resent)
      if (answer.status < 400 && isTooLarge(ask))
        ledger.broken(`${call.id} was too large and had ${answer.status}`)
      if (answer.status < 400 && ask.method !== "HEAD")
        check(ledger, call.id, bytes, answer.header("x-hash"), downBody(call.id, ask))
    }
    const gather = (body: Answer["body"]) => {
      const parts: Array<Uint8Array> = []
      return Effect.map(
        Stream.runForEach(body, (part) => Effect.sync(() => parts.push(part))),
        () => whole(Buffer.concat(parts))
      )
    }
    switch (reading) {
      case "whole":
        return Effect.map(answer.bytes, whole)
      case "stream":
        return gather(answer.body)
      case "slowly":
        return gather(
          Stream.tap(Stream.rechunk(answer.body, 1), () => Effect.sleep(between(this.draw, 1, 400)))
        )
      case "leave":
        return Effect.map(Stream.runDrain(Stream.take(answer.body, 1)), () => ledger.givenUp(call))
      case "ignore":
        return Effect.sync(() => ledger.givenUp(call))
    }
  }

  private send(id: string, ask: Ask): Effect.Effect<Answer, unknown> {
    return this.platform ? this.sendByPlatform(id, ask) : this.sendByOurs(id, ask)
  }

  private sendByOurs(id: string, ask: Ask): Effect.Effect<Answer, unknown> {
    const body = requestBody(this.draw, id, ask)
    const request = this.client.request({
      method: ask.method,
      url: `http://${this.settings.to}${pathOf(ask)}`,
      headers: { "x-id": id, ...fieldsOf(ask) },
      ...(body !== undefined && { body })
    })
    return Effect.map(request, (response) => ({
      status: response.status,
      header: (name) => response.header(name),
      resent: response.resent,
      bytes: response.bytes,
      body: response.body
    }))
  }

  private sendByPlatform(id: string, ask: Ask): Effect.Effect<Answer, unknown> {
    const plain = HttpClientRequest.make(ask.method)(`http://${this.settings.to}${pathOf(ask)}`, {
      headers: { "x-id": id, ...fieldsOf(ask) }
    })
    const body = requestBody(this.draw, id, ask)
    const request =
      body === undefined
        ? plain
        : body instanceof Uint8Array
          ? HttpClientRequest.bodyUint8Array(plain, body)
          : HttpClientRequest.bodyStream(plain, body)
    return Effect.map(Effect.mapError(this.client.httpClient.execute(request), causeOf), (response) => ({
      status: response.status,
      header: (name) => response.headers[name],
      resent: undefined,
      bytes: Effect.map(Effect.mapError(response.arrayBuffer, causeOf), (buffer) => new Uint8Array(buffer)),
      body: Stream.mapError(response.stream, causeOf)
    }))
  }
}

// Platform's errors contain our errors as their cause.
const causeOf = (error: unknown): unknown => (HttpClientError.isHttpClientError(error) ? error.cause : error)
