import type { RateLimit } from './limits.ts'

/** Token buckets by key, bounded: the key used longest ago is forgotten first (and starts with a full bucket again). */
export interface RateLimiter {
  /** Takes one token; false where the bucket is empty. */
  take(key: string, nowMs: number): boolean
}

interface Bucket {
  readonly tokens: number
  readonly atMs: number
}

export function createRateLimiter(limit: RateLimit, maxKeys: number): RateLimiter {
  // A Map iterates in insertion order: re-inserting on each use makes its first key the least recently used.
  const buckets = new Map<string, Bucket>()
  return {
    take(key, nowMs) {
      const known = buckets.get(key) ?? { tokens: limit.burst, atMs: nowMs }
      // A clock that was set back refills nothing.
      const elapsed = nowMs > known.atMs ? nowMs - known.atMs : 0
      const tokens = Math.min(limit.burst, known.tokens + elapsed / limit.refillMs)
      const allowed = tokens >= 1
      buckets.delete(key)
      buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, atMs: nowMs })
      if (buckets.size > maxKeys) {
        buckets.delete(buckets.keys().next().value as string)
      }
      return allowed
    },
  }
}
