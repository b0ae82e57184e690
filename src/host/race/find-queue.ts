import { MESSAGE_LIMITS } from '../../protocol/messages.ts'

/** Finds that wait for their commit: ascending, bounded, the head is committed first. */
export interface FindQueue {
  /** Appends those above everything seen before; returns how many did not fit. */
  add(nonces: readonly bigint[]): number
  /** The next batch of nonces below the bound: at most what one message may carry. */
  headBelow(bound: bigint): readonly bigint[]
  /** Forgets what the chain has: everything up to this nonce. */
  confirm(upTo: bigint): void
  size(): number
  /** The smallest nonce that may still be worth an attempt: behind everything seen. */
  nextNonce(): bigint
}

/** Finds kept through an outage: far more than a race has (500 a host on average). */
export const MAX_QUEUED_FINDS = 65_536

export function createFindQueue(startNonce: bigint): FindQueue {
  let pending: bigint[] = []
  let next = startNonce
  return {
    add(nonces) {
      let dropped = 0
      for (const nonce of nonces) {
        // A backend that was restarted may report a find again.
        if (nonce < next) {
          continue
        }
        next = nonce + 1n
        if (pending.length < MAX_QUEUED_FINDS) {
          pending.push(nonce)
        } else {
          dropped += 1
        }
      }
      return dropped
    },
    headBelow: (bound) => pending.slice(0, MESSAGE_LIMITS.noncesPerCommit).filter((nonce) => nonce < bound),
    confirm(upTo) {
      const first = pending.findIndex((nonce) => nonce > upTo)
      pending = first === -1 ? [] : pending.slice(first)
      next = upTo >= next ? upTo + 1n : next
    },
    size: () => pending.length,
    nextNonce: () => next,
  }
}
