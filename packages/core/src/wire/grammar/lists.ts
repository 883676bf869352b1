/**
 * Optional whitespace and lists in field values (RFC 9110 §5.6.1, §5.6.3): where an element begins and ends.
 * Also words, which Node looks for where RFC 9110 has elements. Never decodes a quoted string.
 *
 * @since 0.1.0
 */

/** Is this UTF-16 unit a space or a tab? */
export const isBlank = (code: number): boolean => code === 32 || code === 9

/**
 * The text without the spaces and tabs at its ends: optional whitespace is these two and no others (RFC 9110
 * §5.6.3).
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
 * The elements of a list: split at the commas outside quoted strings, without optional whitespace; empty ones
 * are left out (RFC 9110 §5.6.1.2).
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
 * Is `element` (in lower case) in the list, in any case?
 *
 * @since 0.1.0
 * @category lists
 */
export const hasElement = (value: string, element: string): boolean =>
  listElements(value).some((one) => one.toLowerCase() === element)

/**
 * Node's policy for the fields that its messages send: the word counts wherever it stands, in any case, also
 * inside an element. What is received is read as a list.
 */
export const wordReader = (word: string): ((value: string) => boolean) => {
  const pattern = new RegExp(`(?:^|\\W)${word}(?:$|\\W)`, "i")
  return (value) => pattern.test(value)
}
