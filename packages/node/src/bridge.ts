/**
 * Between Effect and the callback API: apps as request listeners and request listeners as apps, one pool for
 * both kinds of clients, and the callback API on any network.
 *
 * An entry of its own, since it loads Effect, which the callback modules must not. It uses the one copy of
 * them that the process has. The guide is docs/bridges.md.
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
