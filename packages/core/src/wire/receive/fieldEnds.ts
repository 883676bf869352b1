/**
 * Ends a name, a value or a field section (RFC 9112 §5). Each function counts the part that ends, records its
 * position in `marks`, and sets the next stage of the parser or refuses the message.
 */
import type { FlagName } from "../../model/flags.js"
import { takeOver } from "./framingFields.js"
import { TOKEN } from "../grammar/byteClasses.js"
import { Fact, Kind, type Machine } from "./machine.js"
import * as S from "./stage.js"

const CR = 13
const LF = 10

/**
 * Ends a name at the colon at `i`. `special` means that the name is the name of a framing field, which needs
 * a check.
 */
export const endName = (m: Machine, i: number, special: boolean): number => {
  if (!m.closeSpan(i, i + 1)) return i + 1
  m.marks[m.markCount + 1] = i + m.base
  m.stage = S.OWS
  if (special) checkName(m, i + 1)
  return i + 1
}

/**
 * Makes the checks that need only the name of a framing field. Refuses the message at `at` if a check fails.
 */
const checkName = (m: Machine, at: number): void => {
  if ((m.facts & Fact.Trailers) !== 0 && !m.allows("framingInTrailers")) {
    m.refuse(at, "HPE_INVALID_HEADER_TOKEN", "Framing field in trailers", "framingInTrailers")
    return
  }
  if (m.allows("lengthWithTransferEncoding")) return
  if (m.kind === Kind.TransferEncoding && (m.facts & Fact.ContentLength) !== 0) {
    const reason = "Transfer-Encoding can't be present with Content-Length"
    m.refuse(at, "HPE_INVALID_TRANSFER_ENCODING", reason, "lengthWithTransferEncoding")
  } else if (m.kind === Kind.ContentLength && (m.facts & Fact.TransferEncoding) !== 0) {
    const reason = "Content-Length can't be present with Transfer-Encoding"
    m.refuse(at, "HPE_INVALID_CONTENT_LENGTH", reason, "lengthWithTransferEncoding")
  }
}

/** Returns the flag that permits the control byte `c` in a value. */
export const flagOfControl = (c: number): FlagName => (c === 0 ? "nulInValues" : "controlsInValues")

/** Ends a value at the byte `c` at `i`. This byte is CR, LF, or a byte that is not permitted in a value. */
export const endValue = (m: Machine, i: number, c: number): number => {
  if (c !== CR && c !== LF && m.allows(flagOfControl(c))) {
    m.stage = S.VALUE_LOOSE
    return i
  }
  m.marks[m.markCount + 3] = i + m.base
  if (!m.closeSpan(i, c === CR ? i + 1 : i)) return m.refusal!.bytesParsed
  if (c === CR) {
    m.stage = S.VALUE_LF
    return i + 1
  }
  if (c !== LF) {
    return m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Invalid header value char", flagOfControl(c))
  }
  if (!m.allows("bareLineFeed")) {
    return m.refuse(i, "HPE_CR_EXPECTED", "Missing expected CR after header value", "bareLineFeed")
  }
  m.stage = S.VALUE_LF
  return i
}

/** Ends an empty value. Called when the next line does not continue the value. */
export const endEmptyValue = (m: Machine, i: number): number => {
  if (m.kind === Kind.ContentLength) return m.refuse(i, "HPE_INVALID_CONTENT_LENGTH", "Empty Content-Length")
  if (m.kind === Kind.TransferEncoding && !m.allows("otherTransferCodings")) {
    return m.refuse(
      i,
      "HPE_INVALID_TRANSFER_ENCODING",
      "Empty Transfer-Encoding",
      "otherTransferCodings",
      501
    )
  }
  takeOver(m)
  const end = m.marks[m.markCount + 1]!
  m.marks[m.markCount + 2] = end
  m.marks[m.markCount + 3] = end
  m.markCount += 4
  m.stage = S.FIELD_START
  return i
}

/**
 * Handles a line that is not read as a field. Such a line is the empty line, a line that does not start with
 * a name, or a field line beyond `maxHeaderCount`.
 */
export const endLines = (m: Machine, i: number, n: number): number => {
  const c = m.chunk[i]!
  if (TOKEN[c] !== 0) return m.refuse(i, "HPE_HEADER_OVERFLOW", "Too many header fields", undefined, 431)
  if (c === CR) {
    if (i + 1 < n && m.chunk[i + 1] === LF) {
      endSection(m)
      return i + 2
    }
    m.stage = S.SECTION_LF
    return i + 1
  }
  if (c !== LF) return m.refuse(i, "HPE_INVALID_HEADER_TOKEN", "Invalid header token")
  if (!m.allows("bareLineFeed")) {
    return m.refuse(i + 1, "HPE_INVALID_HEADER_TOKEN", "Invalid header field char", "bareLineFeed")
  }
  endSection(m)
  return i + 1
}

/** Ends a field section after its empty line has been read. */
export const endSection = (m: Machine): void => {
  m.stage = (m.facts & Fact.Trailers) !== 0 ? S.MESSAGE_COMPLETE : S.HEAD_COMPLETE
}
