import { LOCAL_CONSENSUS_PARAMS } from '../../../src/protocol/consensus/consensus-params.ts'
import type { Genesis } from '../../../src/protocol/genesis.ts'
import type { Params } from '../../../src/protocol/params.ts'
import { LOCAL_CHAIN_ID, LOCAL_PARAMS } from '../../../src/protocol/params.ts'
import type { ServingParams } from '../../../src/protocol/work/serving-params.ts'
import { CHECK_SERVING } from '../chain/chain-checks.ts'
import { TEST_MODEL } from '../chain/chain-work.ts'
import type { Cast } from './cast.ts'
import { theCast } from './cast.ts'

/**
 * The networks that random sequences run on. They differ in what decides which rules are reached: length of the stages, fees,
 * floors and audits of checks, number of validators, and whether it begins with the genesis or with hosts that serve already.
 */
export interface Scene {
  readonly name: string
  readonly genesis: Genesis
  /** Escrows, services and rosters are made before the first random block. */
  readonly isWarm: boolean
}

interface SceneOptions {
  readonly params: Partial<Params>
  readonly serving?: Partial<ServingParams>
  readonly validators: number
  readonly isWarm: boolean
}

/** An epoch is over in so many blocks that a sequence sees two of them and the start of a third. */
const SCENES: Readonly<Record<string, SceneOptions>> = {
  races: {
    params: { epochLength: 20, raceLength: 5, verifyLength: 11, sampleSize: 4, extensionSize: 3, feePerMessage: 3n },
    validators: 4,
    isWarm: false,
  },
  checks: {
    params: { epochLength: 44, raceLength: 30, verifyLength: 8 },
    serving: { checkFloor: 3, auditPpm: 500_000 },
    validators: 1,
    isWarm: true,
  },
  market: {
    params: { epochLength: 28, raceLength: 9, verifyLength: 10, sampleSize: 8, openingPpm: 300_000, feePerMessage: 1n },
    serving: { checkFloor: 6, auditPpm: 100_000, guaranteePpm: 300_000, withdrawEpochs: 1, priceBlocks: 3 },
    validators: 3,
    isWarm: true,
  },
  disputes: {
    params: { epochLength: 60, raceLength: 40, verifyLength: 12, holdEpochs: 1 },
    serving: { checkersPerPoint: 2, arbiters: 3, minCheckPpm: 1_000_000, checkBlocks: 4, commitBlocks: 3 },
    validators: 2,
    isWarm: true,
  },
}

export const SCENE_NAMES = Object.keys(SCENES)
const RICH = 1_000_000n

const made = new Map<string, Scene>()

export function sceneNamed(name: string): Scene {
  const options = SCENES[name]
  if (options === undefined) {
    throw new Error(`no scene ${name}`)
  }
  const scene = made.get(name) ?? { name, genesis: genesisOf(theCast(), options), isWarm: options.isWarm }
  made.set(name, scene)
  return scene
}

function genesisOf(cast: Cast, { params, serving, validators }: SceneOptions): Genesis {
  const [rich, shop, mill] = cast.accounts
  return {
    chainId: LOCAL_CHAIN_ID,
    timeMs: 1_700_000_000_000,
    params: {
      ...LOCAL_PARAMS,
      openingPpm: 500_000,
      emissionPerEpoch: 999_999n,
      initialTargetLog2: { dev: 255, std: 255 },
      consensus: { ...LOCAL_CONSENSUS_PARAMS, heartbeatBlocks: 2, jailWindowBlocks: 12, jailMissedBlocks: 6 },
      ...params,
      serving: { ...CHECK_SERVING, ...serving },
    },
    accounts: [rich, shop, mill].flatMap((actor, index) =>
      actor === undefined ? [] : [{ address: actor.address, amount: RICH >> BigInt(4 * index) }],
    ),
    validators: cast.validators.slice(0, validators).map(({ genesis }) => genesis),
    hosts: cast.founders.map(({ owner, device }) => ({
      owner: owner.address,
      devicePublicKey: device.publicKey,
      peerId: `peer of ${owner.name}`,
      shape: 'dev' as const,
      moniker: owner.name,
    })),
    models: [TEST_MODEL],
  }
}
