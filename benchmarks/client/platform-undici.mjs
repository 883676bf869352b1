// Platform's HttpClient on `@effect/platform-node`, over undici, with the default options.
import * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { platform } from "./platform.mjs"

export const start = (url) => platform(url, NodeHttpClient.layerUndici, HttpClient.HttpClient)
