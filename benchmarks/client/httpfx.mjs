// Platform's HttpClient on httpfx, with the default options.
import * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@httpfx/node/NodeHttpClient"
import { platform } from "./platform.mjs"

export const start = (url) => platform(url, NodeHttpClient.layer, HttpClient.HttpClient)
