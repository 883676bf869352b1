// The SNI name that a client has sent is returned.
import { once } from "node:events"
import { expect, it } from "vitest"
import { serverNameOf } from "../../../src/socket/fast/serverName.js"
import { secured } from "../../../src/socket/fast/serverTls.js"
import { securing } from "../../support/sockets.js"

it.each([["api.test"], [undefined]])("returns the name that a client sends: %s", (servername) =>
  securing(
    async (_, server) => {
      await once(server, secured)
      expect(serverNameOf(server)).toBe(servername)
    },
    servername === undefined ? {} : { servername }
  )
)
