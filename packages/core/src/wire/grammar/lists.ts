/**
 * Reads comma-separated lists and optional whitespace in field values (RFC 9110 §5.6.1, §5.6.3). Also
 * searches values for words, because Node does not read some fields as lists. Never decodes a quoted string.
 *
 * @since 0.1.0
 */

/** Returns whether a UTF-16 unit is a space or a tab. */
export const isBlank = (code: number): boolean => code === 32 || code === 9

/**
 * Trims spaces and tabs from both ends. HTTP has no other optional whitespace (RFC 9110 §5.6.3).
 *
 * @since 0.1.0
 * @category lists
 */
export const trimBlanks = (text: string): string => {
  let start = 0
  let end = text.length
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  while (start < end && isBlank(text.charCodeAt(start))) start++
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/**
 * Returns the elements of a list (RFC 9110 §5.6.1.2). The value is split at commas outside quoted strings.
 * Elements are trimmed, and empty elements are dropped.
 *
 * @since 0.1.0
 * @category lists
 */
export const listElements = (value: string): Array<string> => {
  const elements: Array<string> = []
  if (!value.includes(",")) {
    const only = trimBlanks(value)
    if (only !== "") elements.push(only)
    return elements
  }
  let start = 0
  let quoted = false
  for (let i = 0; i <= value.length; i++) {
    const c = value.charCodeAt(i)
    if (i < value.length && (quoted || c !== 44)) {
      if (c === 34) quoted = !quoted
      else if (quoted && c === 92) i++
      continue
    }
    const element = trimBlanks(value.slice(start, i))
    if (element !== "") elements.push(element)
    start = i + 1
  }
  return elements
}

/**
 * Returns whether the list contains `element`, which must be in lower case. The comparison ignores case.
 *
 * @since 0.1.0
 * @category lists
 */
export const hasElement = (value: string, element: string): boolean =>
  listElements(value).some((one) => one.toLowerCase() === element)

/**
 * Returns a function that searches a field value for `word` as Node does in outgoing messages. The word
 * matches anywhere between non-word characters, in any case. Received fields are read as lists instead.
 */
export const wordReader = (word: string): ((value: string) => boolean) => {
  const pattern = new RegExp(`(?:^|\\W)${word}(?:$|\\W)`, "i")
  return (value) => pattern.test(value)
}
