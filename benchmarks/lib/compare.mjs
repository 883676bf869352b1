// Checks that all contestants send the same response: status, body and content type must be equal.
// Differences of other header fields are reported.
import { exchange } from "./exchange.mjs"

const essence = ({ status, headers, body }) =>
  JSON.stringify([status, headers.get("content-type") ?? "", body])
const names = ({ headers }) => [...headers.keys()].sort().join(", ")

/**
 * Throws if responses differ in status, body or content type. Returns lines with the differences of other
 * header fields.
 */
export const compare = async (request, ports, secure) => {
  const responses = []
  for (const [name, port] of ports) responses.push([name, await exchange(port, request, secure)])
  const [firstName, first] = responses[0]
  for (const [name, response] of responses) {
    if (essence(response) !== essence(first)) {
      throw new Error(`${name} answers ${essence(response)}, ${firstName} answers ${essence(first)}`)
    }
  }
  if (responses.every(([, response]) => names(response) === names(first))) return []
  return responses.map(([name, response]) => `${name}: ${names(response)} (${response.length} bytes in all)`)
}
