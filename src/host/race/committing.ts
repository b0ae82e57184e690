import { MsgCommitFinds } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { Params } from '../../protocol/params.ts'
import type { ChainSnapshot } from '../chain-watch.ts'
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

export interface Committer {
  /**
   * Commits what is queued now, batch by batch; what is found meanwhile is for the next call. False where a batch failed: what the chain then has is taken out of the queue,
   * the rest stays for the next call. Nothing is committed twice: the chain takes only nonces above the last one it has.
   */
  commit(signal: AbortSignal): Promise<boolean>
  /** Finds of this race on chain, as far as this host knows. */
  committed(): number
}

export function createCommitter(
  context: HostContext,
  epoch: number,
  queue: FindQueue,
  alreadyCommitted: number,
): Committer {
  let committed = alreadyCommitted

  async function remember(nextNonce: bigint): Promise<void> {
    // Only what is committed counts as done: after a crash the finds that were still queued are found again.
    await context.memory.update((memory) => ({ ...memory, race: { epoch, nextNonce } }))
  }

  function show(): void {
    const race = context.view.current().race
    if (race !== undefined && race.epoch === epoch) {
      context.view.update({ race: { ...race, committed } })
    }
  }

  /** After a failure: what is on the chain decides. */
  async function resolve(signal: AbortSignal): Promise<void> {
    const onChain = await context.chain.finds(BigInt(epoch), context.keys.ownerAddress, signal)
    const last = onChain.at(-1)
    if (last !== undefined) {
      queue.confirm(last)
      await remember(last + 1n)
    }
    committed = onChain.length
    show()
  }

  return {
    committed: () => committed,
    async commit(signal) {
      const upTo = queue.nextNonce()
      for (let nonces = queue.headBelow(upTo); nonces.length > 0; nonces = queue.headBelow(upTo)) {
        const last = nonces.at(-1) as bigint
        const value = MsgCommitFinds.fromPartial({
          signer: context.keys.deviceAddress,
          epoch: BigInt(epoch),
          nonces: [...nonces],
        })
        const result = await submitMessage(context, { typeUrl: '/tailrace.v1.MsgCommitFinds', value }, 'device', signal)
        if (result.status !== 'executed') {
          await resolve(signal)
          return false
        }
        queue.confirm(last)
        committed += nonces.length
        const { height, hash } = result.outcome
        context.view.notice('info', 'finds_committed', {
          epoch,
          count: nonces.length,
          total: committed,
          height,
          tx: hash,
        })
        show()
        await remember(last + 1n)
      }
      return true
    },
  }
}
