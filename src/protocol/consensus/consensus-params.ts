/**
 * Parameters of consensus power (docs/decisions/0020-consensus-power.md): windows in blocks, shares in parts per million. Part of
 * the network's parameters (params.ts).
 */
export interface ConsensusParams {
  /** All increases of power of one settle together, of the power that stands then. No vote sets more than 10 %. */
  readonly churnPpm: number
  /** What a key loses of its power at one settle, at most. */
  readonly fallPpm: number
  /** Blocks of one heartbeat slot. */
  readonly heartbeatBlocks: number
  /** Share of the slots before a settle in which a key must have posted a heartbeat to gain power. */
  readonly heartbeatPpm: number
  /** Blocks over which missed blocks are counted. */
  readonly jailWindowBlocks: number
  /** So many misses in them take a key's power at once. */
  readonly jailMissedBlocks: number
  /** Greatest share of one key, ⌈1/n⌉ where that is more; 1,000,000: only the caps of weight and of carried weight hold. */
  readonly maxPowerSharePpm: number
  /** Keys that may have power. */
  readonly maxKeys: number
}

export const PUBLIC_CONSENSUS_PARAMS: ConsensusParams = {
  churnPpm: 50_000,
  fallPpm: 200_000,
  heartbeatBlocks: 120,
  heartbeatPpm: 900_000,
  jailWindowBlocks: 100,
  jailMissedBlocks: 50,
  maxPowerSharePpm: 1_000_000,
  maxKeys: 100,
}

export const LOCAL_CONSENSUS_PARAMS: ConsensusParams = {
  ...PUBLIC_CONSENSUS_PARAMS,
  heartbeatBlocks: 4,
  jailWindowBlocks: 60,
  jailMissedBlocks: 30,
  // One of four keys may be away, whatever the race of a small network says.
  maxPowerSharePpm: 300_000,
}

/** Least and greatest value of each. */
export const CONSENSUS_PARAM_BOUNDS: Readonly<
  Record<keyof ConsensusParams, readonly [least: number, greatest: number]>
> = {
  churnPpm: [1, 100_000],
  fallPpm: [10_000, 500_000],
  heartbeatBlocks: [1, 10_000],
  heartbeatPpm: [500_000, 1_000_000],
  jailWindowBlocks: [10, 1_000],
  jailMissedBlocks: [5, 1_000],
  maxPowerSharePpm: [100_000, 1_000_000],
  maxKeys: [1, 100],
}

export const CONSENSUS_PARAM_NAMES = Object.keys(CONSENSUS_PARAM_BOUNDS) as readonly (keyof ConsensusParams)[]
