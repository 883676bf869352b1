// Drives contestants that do not use Effect, by loops of promises.
export const promises = (once) => ({
  drive: (count, tick) => {
    let running = true
    const loop = async () => {
      while (running) tick(await once())
    }
    const done = Promise.all(Array.from({ length: count }, loop))
    return () => {
      running = false
      return done
    }
  }
})
