// Lines of wire/ and pool/ whose surviving mutants were checked by hand. They do not change the behaviour,
// but only the speed, or the handling of values that never occur. Survivors on other lines count.
const of = (file, why, ...lines) => lines.map((line) => ({ file: `packages/core/src/${file}.ts`, line, why }))

export const same = [
  ...of(
    "wire/receive/machine",
    "Which text is made at once, and what is kept of a chunk: the fields are the same whatever is chosen.",
    "if (this.carriedLength > 0) return this.takeCarried(i)",
    "if (i <= this.windowEnd) return this.window",
    "const end = Math.min(this.chunk.length, this.sectionAt + WINDOW)",
    "if (this.sections === 1 || end < i || i === this.chunk.length)",
    "if (size > this.carried.length) {",
    "if (i - from <= KEPT_GAP) return",
    "if (keep <= this.sectionAt) return",
    "if (this.stage === NAME && this.partial.length < KEPT_NAME)"
  ),
  ...of(
    "wire/receive/parser",
    "A chunk that is all body is handed on as it is: a view of all of it has the same bytes.",
    "this.events.data(i === 0 && end === m.chunk.length ? m.chunk : m.chunk.subarray(i, end))"
  ),
  ...of(
    "wire/receive/requestLine",
    "The usual form need not be looked at again; a refusal is seen by whoever comes next.",
    "m.originForm = m.part === START && chunk[i] === SLASH",
    "if (m.refusal !== undefined) return i"
  ),
  ...of(
    "wire/receive/requestLine",
    "What the shortcut for lines of the usual kind does not take is read step by step, with the same outcome.",
    'if (method === "") return i',
    "const start = i + method.length + 1",
    "if (m.pathBytes === URL_PATH) while (end < n && urlTarget[b[end]!] !== 0) end++",
    "else if (m.pathBytes === LOOSE_PATH) while (end < n && looseTarget[b[end]!] !== 0) end++"
  ),
  ...of(
    "wire/receive/requestLine",
    "What is returned behind a refusal is not looked at, its place is told by the refusal; and the caller comes back for what is left.",
    "if (!checkVersion(m, i + 1)) return i + 1",
    "if (m.part === protocols[m.word]!.length && !protocolFits(m, i + 1)) return i + 1",
    "if (m.stage === S.FIELDS_START) return i + 1"
  ),
  ...of(
    "wire/receive/statusLine",
    "What is returned behind a refusal is not looked at, its place is told by the refusal.",
    "if (!checkVersion(m, i + 1)) return i + 1"
  ),
  ...of(
    "wire/receive/framingFields",
    "With that bit nothing but a capital becomes a letter of an option, and no option has a `z`.",
    "const lower = c >= 65 && c <= 90 ? c | 32 : c"
  ),
  ...of(
    "wire/receive/headChecks",
    "Where all flags are set nothing is refused: the way around is only shorter.",
    "if (!m.checksHeads) return true"
  ),
  ...of(
    "wire/receive/machine",
    "With a flag less in this list the shorter way is not taken: each flag is asked for again where it counts.",
    '"targetForms",',
    '"missingHost",',
    '"repeatedHost",',
    '"invalidHost",',
    '"lengthWithoutBody",',
    '"transferEncodingInHttp10"'
  ),
  ...of(
    "wire/receive/plainLines",
    "Three loops for one end of the value: the first two only find it sooner, and what they leave the third or fieldLines.ts reads.",
    "const singles = i + 8 < n ? i + 8 : n",
    "while (i < singles && (((c = chunk[i]!) >= SP && c !== DEL) || c === TAB)) i++",
    "if (i < singles) return i",
    "const fours = n - 4",
    "while (i <= fours) {"
  ),
  ...of(
    "wire/receive/fieldEnds",
    "The LF behind the CR is read at once or as a step of its own.",
    "if (i + 1 < n && m.chunk[i + 1] === LF) {"
  ),
  ...of(
    "wire/receive/head",
    "One list by two ways, with room made beforehand; a length that is right may be set once more.",
    "if (length >= MANY) return manyFields(text, marks)",
    "if (start === FOLD) return manyFields(text, marks)",
    "const list = new Array<string>(length >> 1)",
    "if (size < list.length) list.length = size",
    "if (marks[k + 4] !== FOLD) list[size - 1] = foldedValue(text, marks, k - 4)"
  ),
  ...of(
    "wire/receive/fieldLines",
    "The caller comes back as long as there are bytes: the rest is read in a further round.",
    "if (m.refusal !== undefined) return i"
  ),
  ...of(
    "wire/receive/parser",
    "One that has stopped reads nothing in the loop either.",
    "if (this.isPaused || m.stage >= S.ENDED) return 0"
  ),
  ...of(
    "wire/send/encodeResponse",
    "The lines of a usual head, made by the way of unusual ones, are the same.",
    "close === undefined && !switching && (seen & addedByUser) === 0"
  ),
  ...of(
    "wire/send/encodeResponse",
    "Lines that are kept for the next head may be made anew.",
    "date !== addedFor.date ||",
    "keepAliveTimeout !== addedFor.keepAliveTimeout ||",
    "keepAliveMax !== addedFor.keepAliveMax"
  ),
  ...of(
    "wire/send/nodeHead",
    "Lines that are kept for the next head may be made anew.",
    "if (timeout !== linesFor || max !== linesMax) {"
  ),
  ...of(
    "wire/send/date",
    "A second that is kept may be formatted anew.",
    "if (second !== formattedSecond) {"
  ),
  ...of(
    "wire/grammar/host",
    "What is longer than any address is none when it is taken apart either.",
    "if (text.length > 45) return false"
  ),
  ...of(
    "wire/send/encodeFields",
    "What is done to a known field does nothing to one without a meaning, whose bits are none.",
    "if (known !== 0) {"
  ),
  ...of(
    "wire/send/framing",
    "One value for all messages without a body, which equals a new one.",
    'export const ofLength = (length: number): Framing => (length === 0 ? empty : { _tag: "Length", length })'
  ),
  ...of(
    "pool/hint",
    "The expression finds nothing in `undefined` either.",
    "if (value === undefined) return undefined"
  ),
  ...of(
    "pool/admission",
    "One connection serves one request: times and divided by 1 are the same.",
    "if (occupancy.open * capacity >= limits.maxSockets) return waitForKey",
    "if (occupancy.total * capacity < limits.maxTotalSockets) return open"
  )
]
