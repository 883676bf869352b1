/**
 * Bridges between Effect and the callback API. They run apps as request listeners and request listeners as
 * apps. They also let clients of both APIs share one pool, and run the callback API on any network.
 *
 * This module is a separate entry, because it loads Effect and the callback modules must not load Effect. The
 * bridge and the rest of the process use the same instances of the callback modules. docs/bridges.md is the
 * guide.
 *
 * @since 0.1.0
 */
export {
  /**
   * @since 0.1.0
   * @category models
   */
  type ListenerOptions,
  /**
   * @since 0.1.0
   * @category models
   */
  type Listeners,
  /**
   * @since 0.1.0
   * @category conversions
   */
  toListeners
} from "./bridge/handler.js"
export {
  /**
   * @since 0.1.0
   * @category accessors
   */
  callbackRequest
} from "./bridge/callbackRequest.js"
export {
  /**
   * @since 0.1.0
   * @category conversions
   */
  fromListener,
  /**
   * @since 0.1.0
   * @category models
   */
  type ListenerValues
} from "./bridge/listener.js"
export {
  /**
   * @since 0.1.0
   * @category models
   */
  type CallbackAgents,
  /**
   * @since 0.1.0
   * @category conversions
   */
  toCallbackAgents
} from "./bridge/pooled.js"
export {
  /**
   * @since 0.1.0
   * @category constructors
   */
  makeHttp,
  /**
   * @since 0.1.0
   * @category constructors
   */
  makeHttps
} from "./bridge/bound.js"
