/**
 * All errors of httpfx: one tagged, schema-backed class per kind.
 *
 * Facts are fields, the message is computed, the code is a literal: Node's where Node has one.
 * `docs/errors.md` lists them all; a test compares it with this file. The engine's refusals (`wire/`) and the
 * network's faults (`Transport`) become classes only here. Contains no policy.
 *
 * @since 0.1.0
 */
export * from "./errors/index.js"
