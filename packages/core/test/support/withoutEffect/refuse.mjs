// The modules that a process without Effect must not ask for.
export const refuse = (specifier, from) => {
  if (/^(effect|@effect\/[^/]+)(\/|$)/.test(specifier))
    throw new Error(`${specifier} does not resolve in this process; ${from} asks for it`)
}
