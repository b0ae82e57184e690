/**
 * A host that brings receipts to the chain and then keeps everything to itself: it hands its openings to nobody, answers nobody
 * who asks for the work, and opens nothing. Wraps the chain port and the peers of an unchanged host.
 */
import type { ChainPort } from '../../../src/host/ports.ts'
import type { WorkPeersPort } from '../../../src/host/work/ports.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'

const KEPT_BACK: readonly string[] = ['/tailrace.v1.MsgOpenReceipts', '/tailrace.v1.MsgPostWork']

export function openNothing<T extends ChainPort>(chain: T): T {
  return {
    ...chain,
    submit(messages, key, signal) {
      return messages.some(({ typeUrl }) => KEPT_BACK.includes(typeUrl))
        ? Promise.reject(new CodedError('withheld', 'this host opens nothing'))
        : chain.submit(messages, key, signal)
    },
  }
}

export function handOutNothing<T extends WorkPeersPort>(peers: T): T {
  return {
    ...peers,
    pushOpenings: () => Promise.reject(new CodedError('withheld', 'this host hands out nothing')),
    onWorkRequest: (_handler) => peers.onWorkRequest(async () => undefined),
  }
}
