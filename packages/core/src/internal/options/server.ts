/**
 * What a server was told, checked once and in the engine's units: milliseconds and bytes.
 *
 * Contradictions are refused here, when the server is made, and nowhere later. Reads no configuration and no
 * clock.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidOption } from "../../HttpError.js"
import type { ServerTls } from "../../Network.js"
import type { ServerOptions, ShutdownOptions } from "../../ServerOptions.js"
import type * as Timeouts from "../../Timeouts.js"
import { makeLimits, presets, type Flags } from "../../wire/index.js"
import type { Settings } from "../../connection/server/ports.js"
import { makeSettings } from "../../connection/server/settings.js"
import * as Check from "./checks.js"

export interface ServerSettings extends Settings {
  readonly maxBodySize: FileSystem.Size | undefined
  readonly joinDuplicateHeaders: boolean
  /** Lower case. */
  readonly uniqueHeaders: ReadonlySet<string> | undefined
  readonly rejectNonStandardBodyWrites: boolean
}

const own: Check.Checks<ServerOptions & ShutdownOptions> = {
  allowHalfOpen: Check.boolean,
  flags: Check.flags,
  insecureHTTPParser: Check.boolean,
  requireHostHeader: Check.boolean,
  maxRequestsPerSocket: Check.integer(0),
  maxConnections: Check.integer(0),
  maxConnectionsPerAddress: Check.integer(0),
  whenFull: Check.oneOf("answer", "reset"),
  retryAfter: Check.finiteDuration,
  maxBodySize: Check.size,
  highWaterMark: Check.integer(0),
  joinDuplicateHeaders: Check.boolean,
  uniqueHeaders: Check.names,
  rejectNonStandardBodyWrites: Check.boolean,
  strictContentLength: Check.boolean,
  sendDate: Check.boolean,
  noDelay: Check.boolean,
  keepAlive: Check.boolean,
  keepAliveInitialDelay: Check.finiteDuration,
  onClientError: Check.callback,
  unknownExpectations: Check.oneOf("refuse", "handle"),
  lameDuckPeriod: Check.finiteDuration,
  idleConnectionGrace: Check.duration,
  gracefulShutdownTimeout: Check.duration,
  webSocketsAtDrain: Check.oneOf("close", "wait")
}

const ofTls: Check.Checks<ServerTls> = { ...Check.tls, handshakeTimeout: Check.duration }

const flagsOf = (options: ServerOptions): Flags | InvalidOption => {
  const { flags, insecureHTTPParser, requireHostHeader } = options
  if (insecureHTTPParser === true && flags !== undefined) {
    return new InvalidOption({
      option: "insecureHTTPParser",
      code: "ERR_INVALID_ARG_VALUE",
      reason: "stands for a set of flags, and flags are given besides",
      received: "true"
    })
  }
  const chosen = insecureHTTPParser === true ? presets.insecure : (flags ?? presets.strict)
  return requireHostHeader === undefined ? chosen : { ...chosen, missingHost: !requireHostHeader }
}

const refusedIn = (
  options: ServerOptions & ShutdownOptions
): Effect.Effect<never, InvalidOption> | undefined => {
  const refused =
    Check.refuse(options, own) ??
    Check.refuse(options.limits, Check.sizes, "limits.") ??
    Check.refuse(options.tls, ofTls, "tls.")
  if (refused !== undefined) return Effect.fail(refused)
  if (options.strictContentLength === false) {
    return Effect.fail(
      new InvalidOption({
        option: "strictContentLength",
        code: "ERR_INVALID_ARG_VALUE",
        reason:
          "cannot be switched off: an answer that does not fit its Content-Length would be taken for a whole one",
        received: "false"
      })
    )
  }
  return undefined
}

export const make = (
  options: ServerOptions & ShutdownOptions,
  timeouts: Timeouts.Service
): Effect.Effect<ServerSettings, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refusedIn(options)
    if (refused !== undefined) return refused
    const flags = flagsOf(options)
    if (flags instanceof InvalidOption) return Effect.fail(flags)
    const { keepAliveInitialDelay, maxBodySize, retryAfter, uniqueHeaders } = options
    return Effect.succeed({
      ...makeSettings({
        ...options,
        flags,
        limits: makeLimits(options.limits),
        timeouts,
        retryAfter: retryAfter === undefined ? undefined : String(Math.ceil(Duration.toSeconds(retryAfter))),
        keepAliveInitialDelay:
          keepAliveInitialDelay === undefined ? undefined : Duration.toMillis(keepAliveInitialDelay)
      }),
      maxBodySize: maxBodySize === undefined ? undefined : FileSystem.Size(maxBodySize),
      joinDuplicateHeaders: options.joinDuplicateHeaders ?? false,
      uniqueHeaders:
        uniqueHeaders === undefined || uniqueHeaders.length === 0
          ? undefined
          : new Set(uniqueHeaders.map((name) => name.toLowerCase())),
      rejectNonStandardBodyWrites: options.rejectNonStandardBodyWrites ?? false
    })
  })
