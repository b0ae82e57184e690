import { describe, expect, it } from 'vitest'
import { createRateLimiter } from './rate-limit.ts'

describe('a rate limiter', () => {
  it('lets a burst through, then one for each refill', () => {
    const limiter = createRateLimiter({ burst: 2, refillMs: 100 }, 4)
    expect([0, 0, 0].map((atMs) => limiter.take('a', atMs))).toEqual([true, true, false])
    expect(limiter.take('a', 99)).toBe(false)
    expect(limiter.take('a', 100)).toBe(true)
    expect(limiter.take('a', 100)).toBe(false)
    expect(limiter.take('b', 100)).toBe(true)
  })

  it('never holds more than a burst, and refills nothing when the clock goes back', () => {
    const limiter = createRateLimiter({ burst: 1, refillMs: 100 }, 4)
    expect(limiter.take('a', 1_000_000)).toBe(true)
    expect(limiter.take('a', 10)).toBe(false)
    expect(limiter.take('a', 50)).toBe(false)
  })

  it('remembers a bounded number of keys, the newest', () => {
    const limiter = createRateLimiter({ burst: 1, refillMs: 1_000 }, 2)
    limiter.take('a', 0)
    limiter.take('b', 0)
    limiter.take('a', 0)
    limiter.take('c', 0)
    // b was used longest ago: forgotten, so its bucket is full again. a is still known.
    expect(limiter.take('a', 0)).toBe(false)
    expect(limiter.take('b', 0)).toBe(true)
  })
})
