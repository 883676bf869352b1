/**
 * The label sets of the hosts to which a client sends requests.
 */
import { labelsOf, other, type Labels } from "./labels.js"
import { Series } from "./series.js"

/** Creates the label sets of one host. */
export const hostSeries = (own: Labels, host: Host, methods: ReadonlySet<string>): Series =>
  new Series(
    [
      ...own,
      ...labelsOf({ "server.address": host.address, "server.port": host.port, "url.scheme": host.scheme })
    ],
    methods
  )

/** A host in the form in which labels show it. */
export interface Host {
  readonly address: string
  readonly port: string | undefined
  readonly scheme: string | undefined
}

/** Returns the host of an agent's key `protocol//host:port`. A proxy in the key is ignored. */
export const hostOf = (key: string): Host => {
  const [, scheme, host, port] = /^(\w+):\/\/(.*?):(\d+)(?: |$)/.exec(key) ?? []
  // Labels show IPv6 addresses without brackets, as the conventions require.
  return { address: host?.replace(/^\[(.*)\]$/, "$1") ?? key, port, scheme }
}

/** The host that stands for all hosts beyond the limit. */
export const nowhere: Host = { address: other, port: undefined, scheme: undefined }
