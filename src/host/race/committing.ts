import { MsgCommitFinds } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { Params } from '../../protocol/params.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import type { HostContext } from '../context.ts'
import { submitMessage } from '../submitting.ts'
import type { FindQueue } from './find-queue.ts'

/** The protocol asks for a commit at least every 12 blocks. */
const MAX_COMMIT_INTERVAL_BLOCKS = 12
/** In the last blocks of a race each block may be the last one that takes a commit. */
const TAIL_BLOCKS = 3

/** Blocks between commits: a fifth of the race, so that an accident costs little. */
export function commitIntervalBlocks(params: Params): number {
  return Math.max(1, Math.min(MAX_COMMIT_INTERVAL_BLOCKS, Math.trunc(params.raceLength / 5)))
}

/** Whether a commit is due with this snapshot. */
export function isCommitDue(snapshot: ChainSnapshot, lastCommitHeight: number): boolean {
  const { height, heights, params } = snapshot
  const isTail = height >= heights.raceEndHeight - TAIL_BLOCKS
  return isTail || height - lastCommitHeight >= commitIntervalBlocks(params)
}

/** Brings the queued finds of one race onto the chain. */
export class Committer {
  readonly #context: HostContext
  readonly #epoch: number
  readonly #queue: FindQueue
  #committed: number

  constructor(context: HostContext, epoch: number, queue: FindQueue, alreadyCommitted: number) {
    this.#context = context
    this.#epoch = epoch
    this.#queue = queue
    this.#committed = alreadyCommitted
  }

  /** Finds of this race on chain, as far as this host knows. */
  committed(): number {
    return this.#committed
  }

  /**
   * Commits what is queued now, batch by batch; what is found meanwhile is for the next call. False where a batch failed: what
   * the chain then has is taken out of the queue, the rest stays for the next call. Nothing is committed twice: the chain
   * takes only nonces above the last one that it has.
   */
  async commit(signal: AbortSignal): Promise<boolean> {
    const upTo = this.#queue.nextNonce()
    for (let nonces = this.#queue.headBelow(upTo); nonces.length > 0; nonces = this.#queue.headBelow(upTo)) {
      if (!(await this.#commitBatch(nonces, signal))) {
        await this.#resolve(signal)
        return false
      }
    }
    return true
  }

  async #commitBatch(nonces: readonly bigint[], signal: AbortSignal): Promise<boolean> {
    const { keys, view } = this.#context
    const epoch = this.#epoch
    const value = MsgCommitFinds.fromPartial({ signer: keys.deviceAddress, epoch: BigInt(epoch), nonces: [...nonces] })
    const message = { typeUrl: '/tailrace.v1.MsgCommitFinds', value } as const
    const result = await submitMessage(this.#context, message, 'device', signal)
    if (result.status !== 'executed') {
      return false
    }
    this.#committed += nonces.length
    const { height, hash } = result.outcome
    view.notice('info', 'finds_committed', { epoch, count: nonces.length, total: this.#committed, height, tx: hash })
    await this.#confirm(nonces.at(-1) as bigint)
    return true
  }

  /** After a failure: what is on the chain decides. */
  async #resolve(signal: AbortSignal): Promise<void> {
    const { chain, keys } = this.#context
    const onChain = await chain.finds(BigInt(this.#epoch), keys.ownerAddress, signal)
    this.#committed = onChain.length
    const last = onChain.at(-1)
    if (last !== undefined) {
      await this.#confirm(last)
    }
  }

  async #confirm(last: bigint): Promise<void> {
    const { view, memory } = this.#context
    this.#queue.confirm(last)
    const race = view.current().race
    if (race !== undefined && race.epoch === this.#epoch) {
      view.update({ race: { ...race, committed: this.#committed } })
    }
    // Only what is committed counts as done: after a crash the finds that were still queued are found again.
    await memory.update((remembered) => ({ ...remembered, race: { epoch: this.#epoch, nextNonce: last + 1n } }))
  }
}
