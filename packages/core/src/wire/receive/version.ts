/**
 * Decides which versions in a start line are accepted (RFC 9112 §2.3).
 */
import type { Machine } from "./machine.js"

/** Returns the value of a digit, or -1 for any other byte. */
export const versionDigit = (c: number): number => (c >= 48 && c <= 57 ? c - 48 : -1)

/**
 * Accepts the versions 1.0 and 1.1, and other versions if their flags are set. Returns `false` if the version
 * was refused, at the index `at`.
 */
export const checkVersion = (m: Machine, at: number): boolean => {
  const major = m.versionMajor
  const minor = m.versionMinor
  if (major === 1 && minor <= 1) return true
  if (m.allows("anyVersion")) return true
  const flag = major === 0 && minor === 9 ? "http09" : major === 2 && minor === 0 ? "http20" : "anyVersion"
  if (m.allows(flag)) return true
  m.refuse(at, "HPE_INVALID_VERSION", "Invalid HTTP version", flag, 505)
  return false
}
