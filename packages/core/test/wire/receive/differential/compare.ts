/** Compares two outcomes, and checks which streams `strict` refuses. */
import { type FlagName, type Flags, presets } from "@httpfx/core/wire"
import { isDeepStrictEqual } from "node:util"
import { runOurs } from "./ours.js"
import type { Case, Ending, Outcome } from "./outcome.js"

/** Describes the difference between two outcomes; `undefined` if they are equal. */
export const difference = (native: Outcome, ours: Outcome, length: number): string | undefined => {
  if (!isDeepStrictEqual(native.events, ours.events)) {
    return `events\n  native ${JSON.stringify(native.events)}\n  ours   ${JSON.stringify(ours.events)}`
  }
  if (!sameEnding(native.ending, ours.ending, length)) {
    return `ending\n  native ${JSON.stringify(native.ending)}\n  ours   ${JSON.stringify(ours.ending)}`
  }
  return undefined
}

const sameEnding = (native: Ending, ours: Ending, length: number): boolean => {
  // After a head with an upgrade Node's parser reports no errors. Our parser refuses at the same position.
  if (native._tag === "Swallowed") return ours._tag === "Refused" && ours.offset === native.offset
  if (native._tag === "Open") {
    return ours._tag === "Open" || (native.silent && ours._tag === "Refused" && ours.offset === length)
  }
  return isDeepStrictEqual(native, ours)
}

/** Returns whether only the preset `insecure` sets a flag. */
const insecureOnly = (flag: FlagName): boolean => presets.insecure[flag] && !presets.node[flag]

/** The flags to compare `strict` with: the preset `node`, and tabs as whitespace, which `strict` accepts. */
export const reference: Flags = { ...presets.node, tabsInFraming: true }

/** Flags that permit reuse of a connection after messages after which `strict` closes it. */
const reuse: Partial<Flags> = { lengthWithoutBody: true, transferEncodingInHttp10: true }

/**
 * Checks that `strict` gives the same outcome as the flags `reference`, or refuses and names a flag. Setting
 * each named flag in turn must lead to the same outcome. Returns the named flags, or the fault.
 */
export const strictWalk = (
  input: Case,
  node: Outcome
): { readonly met: ReadonlyArray<FlagName>; readonly fault: string | undefined } => {
  const met: Array<FlagName> = []
  let flags: Flags = presets.strict
  for (;;) {
    const ours = runOurs(input, flags)
    if (isDeepStrictEqual(ours.events, node.events) && isDeepStrictEqual(ours.ending, node.ending)) {
      return { met, fault: undefined }
    }
    const flag = ours.refusal?.flag
    const prefix = node.events.slice(0, ours.events.length)
    const other = ours.refusal === undefined || flag === "dataAfterClose" || !startsWith(prefix, ours.events)
    if (other && input.role === "response" && !(flags.lengthWithoutBody && flags.transferEncodingInHttp10)) {
      flags = { ...flags, ...reuse }
      continue
    }
    if (ours.refusal === undefined) return { met, fault: "another outcome without a refusal" }
    if (!startsWith(prefix, ours.events)) return { met, fault: "other events before the refusal" }
    if (flag === undefined || insecureOnly(flag)) {
      return { met, fault: `refused as ${ours.refusal.code} (${ours.refusal.reason}) without a flag of node` }
    }
    if (flags[flag]) return { met, fault: `${flag} was set and is named again` }
    met.push(flag)
    flags = { ...flags, [flag]: true }
  }
}

/** Returns whether `whole` starts with the events of `begun`, whose last data event may be shorter. */
const startsWith = (whole: Outcome["events"], begun: Outcome["events"]): boolean =>
  begun.every((event, index) => {
    const other = whole[index]
    if (event._tag === "Data" && other?._tag === "Data" && index === begun.length - 1) {
      return other.text.startsWith(event.text)
    }
    return isDeepStrictEqual(event, other)
  })
