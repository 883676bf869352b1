/**
 * Default settings of a server. This module does not validate options, because the driver has validated them.
 */
import {
  defaultCheckingInterval,
  defaultDeadlines,
  defaultKeepAliveTimeout,
  defaultKeepAliveTimeoutBuffer,
  makeLimits,
  presets
} from "../../wire/index.js"
import { lookAhead } from "../transfer/body.js"
import type { Settings, Timeouts } from "./ports.js"

export const defaultTimeouts: Timeouts = {
  ...defaultDeadlines,
  keepAliveTimeout: defaultKeepAliveTimeout,
  keepAliveTimeoutBuffer: defaultKeepAliveTimeoutBuffer,
  connectionsCheckingInterval: defaultCheckingInterval
}

/** Partial settings; {@link makeSettings} adds the defaults. */
export type GivenSettings = { readonly [K in keyof Settings]?: Settings[K] | undefined }

export const makeSettings = (given: GivenSettings = {}): Settings => ({
  flags: given.flags ?? presets.strict,
  limits: given.limits ?? makeLimits(),
  timeouts: given.timeouts ?? defaultTimeouts,
  allowHalfOpen: given.allowHalfOpen ?? false,
  highWaterMark: given.highWaterMark ?? lookAhead,
  maxRequestsPerSocket: given.maxRequestsPerSocket ?? 0,
  maxConnections: given.maxConnections ?? 0,
  maxConnectionsPerAddress: given.maxConnectionsPerAddress ?? 0,
  maxConcurrentRequests: given.maxConcurrentRequests ?? 0,
  maxQueuedRequests: given.maxQueuedRequests ?? 0,
  requestQueueTimeout: given.requestQueueTimeout ?? 1_000,
  whenFull: given.whenFull ?? "answer",
  retryAfter: given.retryAfter ?? "1",
  sendDate: given.sendDate ?? true,
  noDelay: given.noDelay ?? true,
  keepAlive: given.keepAlive ?? false,
  keepAliveInitialDelay: given.keepAliveInitialDelay ?? 0,
  webSocketsAtDrain: given.webSocketsAtDrain ?? "close"
})
