/**
 * The `diagnostics_channel` channels of Node's HTTP module. Callers build and publish a message only if the
 * channel has subscribers.
 */
import diagnostics from "node:diagnostics_channel"

export const clientRequestCreated = diagnostics.channel("http.client.request.created")
export const clientRequestStart = diagnostics.channel("http.client.request.start")
export const clientRequestError = diagnostics.channel("http.client.request.error")
export const clientResponseFinish = diagnostics.channel("http.client.response.finish")
export const serverRequestStart = diagnostics.channel("http.server.request.start")
export const serverResponseCreated = diagnostics.channel("http.server.response.created")
export const serverResponseFinish = diagnostics.channel("http.server.response.finish")
