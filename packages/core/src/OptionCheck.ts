/**
 * Checks of option values, arranged in tables. An invalid value is refused with an `InvalidOption` that names
 * the option and its requirement.
 *
 * For authors of features: import this module as `@httpfx/core/OptionCheck`. The index of the package leaves
 * it out.
 *
 * @since 0.1.0
 */
export {
  between,
  boolean,
  callback,
  duration,
  either,
  finiteDuration,
  integer,
  limit,
  oneOf,
  other,
  record,
  refuse,
  refuseUnknown,
  someOf,
  string,
  type Check,
  type Checks,
  type Table
} from "./internal/options/checks.js"
