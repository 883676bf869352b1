/**
 * Bridges between Effect and the callback API: apps as request listeners, request listeners as apps, one pool
 * for clients of both APIs, and the callback API on any network.
 *
 * A separate entry, since it loads Effect, which the callback modules must not. It shares the process's one
 * copy of these modules. The guide is docs/bridges.md.
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
   * @category conversions
   */
  fromListener
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
