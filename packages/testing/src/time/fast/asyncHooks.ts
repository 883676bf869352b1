/**
 * Node's hooks for asynchronous operations (Node documentation: async_hooks), through
 * `process.getBuiltinModule`, so that this module loads on any platform; `undefined` on others.
 */
interface AsyncHooks {
  readonly AsyncLocalStorage: new () => {
    getStore(): unknown
    run<A>(store: object | undefined, f: () => A): A
  }
  readonly createHook: (callbacks: {
    init(id: number, type: string, trigger: number, resource: object): void
    /** Node.js 24 and later: skip promises, which are costly. */
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
