/**
 * Async iterables, such as Node streams and generators, as streams of a body. Servers and clients use this
 * module for `HttpBody.raw`. A middleware that changes such a body uses it too.
 *
 * @since 0.1.0
 */
export * from "./internal/iterableBody.js"
