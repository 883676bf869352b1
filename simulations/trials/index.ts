/** All trials, by name, and the times at which they run. */
import * as Effect from "effect/Effect"
import { between } from "../ask.js"
import { clientLimits } from "./clientLimits.js"
import { closingClient, closingServer } from "./closing.js"
import { expectingClient, expectingServer } from "./expectations.js"
import { sizes } from "./sizes.js"
import { takeovers } from "./takeovers.js"
import { textsOfClient, textsOfServer } from "./texts.js"
import { hints, lateTimers, resends } from "./keeping.js"
import { places } from "./places.js"
import { serverLimits } from "./serverLimits.js"
import { play, type Place, type Trial } from "./trial.js"

export const trials: Readonly<Record<string, Trial>> = {
  clientLimits,
  serverLimits,
  closingClient,
  closingServer,
  expectingClient,
  expectingServer,
  takeovers,
  textsOfClient,
  textsOfServer,
  sizes,
  hints,
  lateTimers,
  resends,
  places
}

/** Runs every trial `times` times, at random times within `span` milliseconds. */
export const playAll = (
  place: (name: string) => Place,
  times: number,
  span: number
): ReadonlyArray<Effect.Effect<void>> =>
  Object.entries(trials).flatMap(([name, trial]) =>
    Array.from({ length: times }, (_, index) => {
      const here = place(`${name.toLowerCase()}-${index}`)
      return Effect.zipRight(Effect.sleep(between(here.draw, 0, span)), play(name, trial, here))
    })
  )
