/**
 * `@httpfx/node/register`: for `node --import` and `node --require`. It exports nothing.
 *
 * @since 0.1.0
 */
export {}
