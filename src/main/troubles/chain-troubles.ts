/** The chain as this host hears of it: gone, halted, or further than what was read of it. */
import type { ConnectionState } from '../../host/ports.ts'
import type { TroubleSource } from './trouble-source.ts'

export interface ChainState {
  readonly connection: ConnectionState
  /** Greatest height that was announced, 0 before the first. */
  readonly announcedHeight: number
  /** Height of the newest snapshot, 0 before the first. */
  readonly readHeight: number
  /** Wall time at which the newest snapshot arrived, 0 before the first. */
  readonly lastBlockAtMs: number
  readonly blockTimeMs: number
}

export interface ChainTroublePorts {
  readonly state: () => ChainState
  readonly rpcUrl: string
}

/** A chain is silent for a few blocks now and then; so many, and at least so long, is no accident. */
const HALTED_BLOCKS = 10
const HALTED_MS = 30_000
/** Less is what a busy machine is behind anyway. */
const BEHIND_BLOCKS = 5

export function chainTroubles({ state, rpcUrl }: ChainTroublePorts): readonly TroubleSource[] {
  return [
    {
      code: 'chain_unreachable',
      level: 'error',
      afterMs: 4_000,
      endAfterMs: 2_000,
      read() {
        const { connection, lastBlockAtMs } = state()
        return connection === 'connected'
          ? undefined
          : { sinceMs: Math.max(0, lastBlockAtMs), url: rpcUrl.slice(0, 256) }
      },
    },
    {
      code: 'chain_catching_up',
      level: 'warning',
      afterMs: 3_000,
      endAfterMs: 1_000,
      read() {
        const { announcedHeight, readHeight } = state()
        const behindBlocks = announcedHeight - readHeight
        return behindBlocks < BEHIND_BLOCKS ? undefined : { behindBlocks }
      },
    },
    haltedSource(state),
  ]
}

function haltedSource(state: () => ChainState): TroubleSource {
  let height = -1
  let sinceMs = 0
  return {
    code: 'chain_halted',
    level: 'error',
    afterMs: 0,
    endAfterMs: 0,
    read({ steadyMs }) {
      const { connection, announcedHeight, blockTimeMs } = state()
      // What is out of reach is not known to stand still.
      if (announcedHeight !== height || connection !== 'connected') {
        height = announcedHeight
        sinceMs = steadyMs
      }
      const silentMs = steadyMs - sinceMs
      const isHalted = silentMs >= Math.max(HALTED_MS, HALTED_BLOCKS * blockTimeMs)
      return isHalted ? { seconds: Math.round(silentMs / 1_000) } : undefined
    },
  }
}
