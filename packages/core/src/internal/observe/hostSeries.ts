/**
 * The label sets of the hosts to which a client sends requests.
 */
import { ExchangeLabels, labelsOf, other, type Labels } from "./labels.js"

/** The label sets of one host. Calls with equal arguments return the same array. */
export class HostSeries {
  readonly labels: Labels
  readonly exchanges: ExchangeLabels
  private readonly sets = new Map<string, Labels>()

  constructor(
    own: Labels,
    host: Host,
    readonly methods: ReadonlySet<string>
  ) {
    this.labels = [
      ...own,
      ...labelsOf({
        "server.address": host.address,
        "server.port": host.port,
        "url.scheme": host.scheme
      })
    ]
    this.exchanges = new ExchangeLabels(this.labels, methods)
  }

  /** Returns the labels of the host and one additional label. */
  with(name: string, value: string): Labels {
    const key = `${name} ${value}`
    let labels = this.sets.get(key)
    if (labels === undefined) {
      labels = [...this.labels, ...labelsOf({ [name]: value })]
      this.sets.set(key, labels)
    }
    return labels
  }
}

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
