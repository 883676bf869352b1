/**
 * What Node tells of operations that the outside ends (Node documentation: async_hooks). Asked for by
 * `process.getBuiltinModule`, so that what uses it runs wherever JavaScript runs; `undefined`: nothing is
 * told there.
 */
interface AsyncHooks {
  readonly AsyncLocalStorage: new () => {
    getStore(): unknown
    run<A>(store: object | undefined, f: () => A): A
  }
  readonly createHook: (callbacks: {
    init(id: number, type: string, trigger: number, resource: object): void
    /** Node.js 24 and later: promises cost nothing. */
    readonly trackPromises?: boolean
  }) => {
    enable(): void
    disable(): void
  }
}
interface Host {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown }
}

export const builtin = (name: string): unknown =>
  (globalThis as Host).process?.getBuiltinModule?.(`node:${name}`)

export const hooks = builtin("async_hooks") as AsyncHooks | undefined
