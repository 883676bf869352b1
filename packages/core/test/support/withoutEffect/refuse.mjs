// The modules that must not resolve in a process without Effect.
export const refuse = (specifier, from) => {
  if (/^(effect|@effect\/[^/]+)(\/|$)/.test(specifier))
    throw new Error(`${specifier} does not resolve in this process; ${from} asks for it`)
}
