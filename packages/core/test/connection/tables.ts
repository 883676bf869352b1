/** All tables for `connection/`. */
import { admission } from "./server/admission.js"
import { deadlines } from "./server/deadlines.js"
import { drains } from "./server/drains.js"
import { exchanges } from "./server/exchanges.js"
import { losses } from "./server/losses/losses.js"
import { offsets } from "./server/offsets.js"
import { refusals } from "./server/refusals.js"
import { upgrades } from "./server/upgrades.js"
import { vectors } from "./server/vectors.js"
import { bodies } from "./transfer/bodies.js"
import type { Table } from "./table.js"

export const tables: ReadonlyArray<Table> = [
  ...exchanges,
  upgrades,
  ...refusals,
  ...deadlines,
  ...drains,
  admission,
  ...losses,
  offsets,
  vectors,
  bodies
]
