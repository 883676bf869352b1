// Medians and spreads: on a shared machine means are unreliable.
export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Standard error of the median: how far the median of other rounds would be from this one, estimated from the
 * median absolute deviation.
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
