/** Node's timers, which do not keep the process alive: one clock for whoever compares readings of it. */
export { background as nodeTimers } from "@httpfx/core/PlatformTimers"
