import { isShapeName } from '../protocol/messages.ts'
import type { EpochHeights, Params, ShapeName } from '../protocol/params.ts'
import type { ChainPort, HostRecord } from './ports.ts'
import type { EpochView } from './view.ts'

/** What a host knows of the chain at one height. */
export interface ChainSnapshot {
  /** Last committed height. */
  readonly height: number
  /** When this host saw it, Unix milliseconds. */
  readonly arrivedAtMs: number
  readonly params: Params
  readonly epoch: number
  readonly heights: EpochHeights
  /** Stage of the next block. */
  readonly stage: EpochView['stage']
  /** Seed of the race of `epoch`; undefined until block P is committed. */
  readonly seed: Uint8Array | undefined
  readonly targets: Readonly<Partial<Record<ShapeName, Uint8Array>>>
  /** This host's registration. */
  readonly record: HostRecord | undefined
  readonly balance: bigint
}

/** The part that the epoch query answers. */
export type EpochPart = Pick<ChainSnapshot, 'epoch' | 'heights' | 'stage' | 'seed' | 'targets'>

export function epochOf(response: Awaited<ReturnType<ChainPort['epoch']>>): EpochPart {
  const epoch = Number(response.epoch)
  const targets: Partial<Record<ShapeName, Uint8Array>> = {}
  for (const race of response.races) {
    if (isShapeName(race.shape) && race.target.length === 32) {
      targets[race.shape] = race.target
    }
  }
  return {
    epoch,
    heights: {
      epoch,
      startHeight: Number(response.startHeight),
      raceEndHeight: Number(response.raceEndHeight),
      sampleHeight: Number(response.sampleHeight),
      rootDeadlineHeight: Number(response.rootDeadlineHeight),
      settleHeight: Number(response.settleHeight),
      closeHeight: Number(response.closeHeight),
    },
    stage: stageOf(response.stage),
    seed: response.seed.length === 32 ? response.seed : undefined,
    targets,
  }
}

function stageOf(text: string): EpochView['stage'] {
  return text === 'seeding' || text === 'race' || text === 'verify' ? text : 'serve'
}
