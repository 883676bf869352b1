/**
 * All errors of httpfx, with one tagged, schema-backed class per kind.
 *
 * Each error stores its facts in fields, and computes its message from the fields. Its code is a literal, and
 * equals Node's code if Node has a code for the error. `docs/errors.md` lists all errors, and a test compares
 * the list with this file. Only this module converts violations (records of `wire/` about wrong calls) and
 * transport faults (`Transport`) to these classes. The module never decides how a program continues after an
 * error.
 *
 * @since 0.1.0
 */
export * from "./errors/index.js"
