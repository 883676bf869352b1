/**
 * Checks the statuses that switch protocols. A handler can send such a status only by taking over its
 * connection.
 */
import { switchesProtocols } from "../grammar/bodiless.js"
import { invalidStatus, type ViolationOf } from "../../model/violation.js"

/**
 * Returns the status that a server sends for a handler's `status`, if the handler did not take over the
 * connection. For a 2xx to CONNECT the result is 501, because a 2xx would announce a tunnel that does not
 * exist. A 101 is a violation, which makes the handler fail. All other statuses are returned unchanged.
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
