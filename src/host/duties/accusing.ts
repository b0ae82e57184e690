import { MsgChallengeFind, MsgChallengeOpening } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import type { HostContext } from '../context.ts'
import { refusalOf, submitMessage } from '../submitting.ts'
import { forEachSnapshot } from '../tasks.ts'

export type Accusation =
  | { readonly kind: 'find'; readonly epoch: number; readonly host: string; readonly nonce: bigint }
  | {
      readonly kind: 'opening'
      readonly epoch: number
      readonly round: number
      readonly verifier: string
      readonly index: number
    }

/**
 * What this host says against others, one message at a time: the chain takes one open challenge of an accuser. Every
 * accusation was recomputed before it comes here; a false one is a fault of the accuser.
 */
export interface Accusing {
  /** Queues an accusation once. False where it is known already or the queue is full. */
  accuse(accusation: Accusation): boolean
  run(signal: AbortSignal): Promise<void>
}

const MAX_QUEUED = 32
const MAX_KNOWN = 1_024
const MAX_ATTEMPTS = 5

interface Queued {
  readonly accusation: Accusation
  attempts: number
}

export function createAccusing(context: HostContext): Accusing {
  let queue: Queued[] = []
  let known = new Set<string>()

  function wants(snapshot: ChainSnapshot): boolean {
    queue = queue.filter(({ accusation }) => accusation.epoch >= snapshot.epoch)
    return queue.some((queued) => isEntitled(queued.accusation, snapshot))
  }

  async function step(snapshot: ChainSnapshot, signal: AbortSignal): Promise<void> {
    const next = queue.find((queued) => isEntitled(queued.accusation, snapshot))
    if (next === undefined) {
      return
    }
    next.attempts += 1
    const result = await submitMessage(context, messageOf(context, next.accusation), 'device', signal)
    if (result.status === 'executed') {
      const { height, hash } = result.outcome
      context.view.notice('info', 'challenge_sent', { ...fieldsOf(next.accusation), height, tx: hash })
    }
    const isLater = result.status === 'unknown' || refusalOf(result) === 'try_later'
    if (!isLater || next.attempts >= MAX_ATTEMPTS) {
      queue = queue.filter((queued) => queued !== next)
    }
  }

  return {
    accuse(accusation) {
      const key = Object.values(fieldsOf(accusation)).join('/')
      if (known.has(key) || queue.length >= MAX_QUEUED) {
        return false
      }
      // Forgotten in bulk: the chain itself refuses what it has judged.
      known = known.size >= MAX_KNOWN ? new Set() : known
      known.add(key)
      queue.push({ accusation, attempts: 0 })
      return true
    },
    run: (signal) => forEachSnapshot(context, 'accusing', wants, step, signal),
  }
}

/** The chain listens to whoever has weight, and to a drawn verifier about what the others of its round opened. */
function isEntitled(accusation: Accusation, snapshot: ChainSnapshot): boolean {
  return accusation.kind === 'opening' || hasWeight(snapshot)
}

export function hasWeight(snapshot: ChainSnapshot): boolean {
  return BigInt(snapshot.record?.weight || '0') > 0n
}

function messageOf(context: HostContext, accusation: Accusation): TypedMessage {
  const signer = context.keys.deviceAddress
  const epoch = BigInt(accusation.epoch)
  if (accusation.kind === 'find') {
    const find = { host: accusation.host, nonce: accusation.nonce }
    return { typeUrl: '/tailrace.v1.MsgChallengeFind', value: MsgChallengeFind.fromPartial({ signer, epoch, find }) }
  }
  const { round, verifier, index } = accusation
  const value = MsgChallengeOpening.fromPartial({ signer, epoch, round, verifier, index })
  return { typeUrl: '/tailrace.v1.MsgChallengeOpening', value }
}

function fieldsOf(accusation: Accusation): Record<string, string | number> {
  return accusation.kind === 'find'
    ? { kind: 'find', epoch: accusation.epoch, host: accusation.host, nonce: accusation.nonce.toString() }
    : { ...accusation }
}
