/**
 * A handler switches protocols only by taking its connection over: what a server sends where its response has
 * a status that says so.
 */
import { switchesProtocols } from "../grammar/bodiless.js"
import { invalidStatus, type ViolationOf } from "../../model/violation.js"

/**
 * The status that a server sends for the one that a handler's response has, if the handler has not taken the
 * connection over. A success to CONNECT would say that a tunnel stands: 501, as of a server that makes none.
 * 101 is refused, as other informational statuses are: the handler has failed.
 *
 * @since 0.1.0
 * @category decisions
 */
export const handlerStatus = (
  method: string,
  status: number
): number | ViolationOf<"ERR_HTTP_INVALID_STATUS_CODE"> => {
  if (!switchesProtocols(method, status)) return status
  return method === "CONNECT" ? 501 : invalidStatus(status)
}
