/**
 * All errors of httpfx, with one tagged, schema-backed class per kind.
 *
 * The facts of an error are its fields, and its message is computed from them. Its code is a literal: Node's
 * code if Node has one. `docs/errors.md` lists all errors, and a test compares the list with this file.
 * Violations (`wire/`) and transport faults (`Transport`) are converted to these classes only here. Never
 * decides what happens after an error.
 *
 * @since 0.1.0
 */
export * from "./errors/index.js"
