// Medians and spreads. Means are not used, because they are unreliable on a shared machine.
export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Returns the standard error of the median, which is estimated from the median absolute deviation. It tells
 * how far the median of other rounds would be from this one.
 */
export const noise = (values) => {
  const middle = median(values)
  const deviation = 1.4826 * median(values.map((value) => Math.abs(value - middle)))
  return (1.2533 * deviation) / Math.sqrt(values.length)
}

export const spread = (values) => ({
  values,
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values)
})
