import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MESSAGE_LIMITS } from '../../protocol/messages.ts'
import { createFindQueue, MAX_QUEUED_FINDS } from './find-queue.ts'

const ALL = 1n << 64n

describe('a find queue', () => {
  it('hands out the oldest first, a message at a time, below a bound', () => {
    const queue = createFindQueue(0n)
    queue.add(Array.from({ length: MESSAGE_LIMITS.noncesPerCommit + 3 }, (_, index) => BigInt(2 * index)))
    expect(queue.headBelow(ALL)).toHaveLength(MESSAGE_LIMITS.noncesPerCommit)
    expect(queue.headBelow(5n)).toEqual([0n, 2n, 4n])
    queue.confirm(4n)
    expect(queue.headBelow(9n)).toEqual([6n, 8n])
  })

  it('takes nothing twice, and nothing from before its start', () => {
    const queue = createFindQueue(10n)
    queue.add([3n, 10n, 12n])
    queue.add([10n, 12n, 13n])
    expect(queue.headBelow(ALL)).toEqual([10n, 12n, 13n])
    queue.confirm(20n)
    queue.add([15n, 21n])
    expect(queue.headBelow(ALL)).toEqual([21n])
    expect(queue.nextNonce()).toBe(22n)
  })

  it('is bounded, and says what it dropped', () => {
    const queue = createFindQueue(0n)
    expect(queue.add(Array.from({ length: MAX_QUEUED_FINDS + 5 }, (_, index) => BigInt(index)))).toBe(5)
    expect(queue.size()).toBe(MAX_QUEUED_FINDS)
  })

  it('is strictly increasing whatever is added and confirmed', () => {
    const step = fc.oneof(
      fc.record({ add: fc.array(fc.bigInt({ min: 0n, max: 200n }), { maxLength: 8 }) }),
      fc.record({ confirm: fc.bigInt({ min: 0n, max: 200n }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const queue = createFindQueue(0n)
        let confirmed = -1n
        for (const action of steps) {
          if ('add' in action) {
            queue.add([...action.add].sort((a, b) => (a < b ? -1 : 1)))
          } else {
            queue.confirm(action.confirm)
            confirmed = action.confirm > confirmed ? action.confirm : confirmed
          }
          const pending = queue.headBelow(ALL)
          expect(pending.every((nonce, index) => nonce > (pending[index - 1] ?? confirmed))).toBe(true)
        }
      }),
    )
  })
})
