/**
 * The routes of the demo, with platform's router and responses alone: independent of the server
 * implementation.
 */
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Effect, Schedule, Stream } from "effect"
import { page } from "./page.js"
import { digest } from "./upload.js"

// The parts of the slow response: one every 200 ms, sent at once.
const parts = Stream.fromIterable(["one", "two", "three", "four", "five"]).pipe(
  Stream.schedule(Schedule.spaced("200 millis")),
  Stream.map((word) => `${word}\n`),
  Stream.encodeText
)

// Streams the body back; neither side ever holds all of it. The headers keep a browser from executing it as a
// page of this server.
const echo = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const contentType = request.headers["content-type"] ?? "application/octet-stream"
  const headers = { "content-security-policy": "sandbox", "x-content-type-options": "nosniff" }
  return HttpServerResponse.stream(request.stream, { contentType, headers })
})

// The response begins while the request body is still arriving.
const upload = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  return HttpServerResponse.stream(Stream.encodeText(digest(request.stream)), { contentType: "text/plain" })
})

export const router = HttpRouter.empty.pipe(
  HttpRouter.get("/", HttpServerResponse.html(page)),
  HttpRouter.get("/json", HttpServerResponse.json({ message: "Hello, World!", from: "httpfx" })),
  HttpRouter.post("/echo", echo),
  HttpRouter.get("/slow", HttpServerResponse.stream(parts, { contentType: "text/plain; charset=utf-8" })),
  HttpRouter.post("/upload", upload)
)
