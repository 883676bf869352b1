// Makes the import of any module of Effect fail.
export const refuse = (specifier, from) => {
  if (/^(effect|@effect\/[^/]+)(\/|$)/.test(specifier))
    throw new Error(`${specifier} does not resolve in this process; ${from} asks for it`)
}
