import type { ChainSnapshot } from './chain-snapshot.ts'
import type { HostContext } from './context.ts'
import { isTakingPart } from './joining.ts'
import { sentAtMs } from './network-time.ts'
import { forEachSnapshot } from './tasks.ts'

const EVERY_BLOCKS = 10
const EVERY_FAST_BLOCKS = 5
const FAST_BLOCK_MS = 5_000

/** "I am here and I see this state": every few blocks, with the app hash of the latest one. */
export function sendHeartbeats(context: HostContext, signal: AbortSignal): Promise<void> {
  let lastHeight = -1

  function wants(snapshot: ChainSnapshot): boolean {
    return (
      isTakingPart(context, snapshot) &&
      (lastHeight < 0 || snapshot.height >= lastHeight + intervalOf(context, snapshot))
    )
  }

  async function step(snapshot: ChainSnapshot, stepSignal: AbortSignal): Promise<void> {
    const appHash = await context.chain.appHash(snapshot.height, stepSignal)
    if (appHash === undefined) {
      return
    }
    lastHeight = snapshot.height
    const message = await context.keys.signHeartbeat({
      host: context.keys.ownerAddress,
      epoch: BigInt(snapshot.epoch),
      height: BigInt(snapshot.height),
      appHash,
      phase: context.view.current().phase,
      sentAtMs: sentAtMs(context),
    })
    const { recipients } = await context.peers.publishHeartbeat(message)
    context.logger.log('debug', 'heartbeat', { height: snapshot.height, recipients })
  }

  return forEachSnapshot(context, 'heartbeat', wants, step, signal)
}

function intervalOf(context: HostContext, snapshot: ChainSnapshot): number {
  const standard = snapshot.params.blockTimeMs < FAST_BLOCK_MS ? EVERY_FAST_BLOCKS : EVERY_BLOCKS
  return context.options.heartbeatEveryBlocks ?? standard
}
