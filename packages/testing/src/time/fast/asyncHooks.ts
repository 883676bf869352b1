/**
 * Node's hooks for asynchronous operations (Node documentation: async_hooks). `process.getBuiltinModule`
 * loads the hooks, so this module can be loaded on any platform. On platforms without this function `hooks`
 * is `undefined`.
 */
interface AsyncHooks {
  readonly AsyncLocalStorage: new () => {
    getStore(): unknown
    run<A>(store: object | undefined, f: () => A): A
  }
  readonly createHook: (callbacks: {
    init(id: number, type: string, trigger: number, resource: object): void
    /** Whether the hooks are called for promises, which is costly (Node.js 24 and later). Default `true`. */
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
