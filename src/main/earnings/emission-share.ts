import type { EarningLine } from '../../ipc/wires/earnings-wire.ts'

const PPM = 1_000_000n

/** What part of an epoch's emission these lines hold, parts per million, at most all of it. */
export function emissionSharePpm(lines: readonly EarningLine[], emissionPerEpoch: bigint): number {
  if (emissionPerEpoch <= 0n) {
    return 0
  }
  const share = lines
    .filter(({ kind, reason }) => kind === 'hold' && reason === 'emission_share')
    .reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  return Number(share >= emissionPerEpoch ? PPM : (share * PPM) / emissionPerEpoch)
}
