/** Middle of the samples (mean of the two middle ones). @throws RangeError where there is none. */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) {
    throw new RangeError('no samples, no median')
  }
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

/** Largest distance of a sample from the median, as a share of it: how much the machine did besides. */
export function spread(samples: readonly number[]): number {
  const middle = median(samples)
  return middle === 0 ? 0 : Math.max(...samples.map((sample) => Math.abs(sample - middle))) / middle
}
