/** Parameters of paid work: windows in blocks, shares in parts per million. Part of the network's parameters (params.ts). */
export interface ServingParams {
  /** A model's roster, from which executors are drawn, may change every so many blocks. */
  readonly rosterBlocks: number
  /** Blocks after the draw within which a drawn leaf is opened. */
  readonly openingBlocks: number
  /** Blocks from then on within which its verifiers report. */
  readonly checkBlocks: number
  /** Blocks within which data is posted that a verifier found nowhere. */
  readonly postBlocks: number
  /** Blocks within which arbiters commit, and after that reveal. */
  readonly commitBlocks: number
  readonly revealBlocks: number
  /** A receipt without a voucher may be batched when it is this old. */
  readonly countersignBlocks: number
  /** Verifiers of one point, before an audit. */
  readonly checkersPerPoint: number
  readonly arbiters: number
  /** Points that each serving host gets at least in an epoch. */
  readonly checkFloor: number
  /** Least share of the value that is checked, whatever the reputation. */
  readonly minCheckPpm: number
  /** Share of points that get a second verifier. */
  readonly auditPpm: number
  readonly burnPpm: number
  /** What a verifier is paid for a point, of the model's median receipt. */
  readonly checkFeePpm: number
  /** Part of a deposit that no order may use. */
  readonly guaranteePpm: number
  readonly withdrawEpochs: number
  readonly priceBlocks: number
}

export const PUBLIC_SERVING_PARAMS: ServingParams = {
  rosterBlocks: 10,
  openingBlocks: 60,
  checkBlocks: 60,
  postBlocks: 60,
  commitBlocks: 60,
  revealBlocks: 30,
  countersignBlocks: 20,
  checkersPerPoint: 1,
  arbiters: 3,
  checkFloor: 5,
  minCheckPpm: 10_000,
  auditPpm: 100_000,
  burnPpm: 50_000,
  checkFeePpm: 100_000,
  guaranteePpm: 100_000,
  withdrawEpochs: 2,
  priceBlocks: 12,
}

export const LOCAL_SERVING_PARAMS: ServingParams = {
  ...PUBLIC_SERVING_PARAMS,
  rosterBlocks: 2,
  // Long enough for a host that is started again on a busy computer.
  openingBlocks: 20,
  checkBlocks: 12,
  postBlocks: 6,
  commitBlocks: 10,
  revealBlocks: 6,
}

/** Least and greatest value of each. p_min has a floor that no vote crosses (protocol §8). */
export const SERVING_PARAM_BOUNDS: Readonly<Record<keyof ServingParams, readonly [least: number, greatest: number]>> = {
  rosterBlocks: [1, 1_000],
  openingBlocks: [2, 10_000],
  checkBlocks: [2, 10_000],
  postBlocks: [2, 10_000],
  commitBlocks: [2, 10_000],
  revealBlocks: [2, 10_000],
  countersignBlocks: [1, 500],
  checkersPerPoint: [1, 8],
  arbiters: [1, 31],
  checkFloor: [0, 64],
  minCheckPpm: [5_000, 1_000_000],
  auditPpm: [0, 1_000_000],
  burnPpm: [0, 500_000],
  checkFeePpm: [0, 500_000],
  guaranteePpm: [0, 900_000],
  withdrawEpochs: [1, 100],
  priceBlocks: [1, 10_000],
}

export const SERVING_PARAM_NAMES = Object.keys(SERVING_PARAM_BOUNDS) as readonly (keyof ServingParams)[]
