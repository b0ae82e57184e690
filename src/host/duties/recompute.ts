import { compareBytes } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { isShapeName } from '../../protocol/messages.ts'
import type { ShapeName } from '../../protocol/params.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import type { HostContext } from '../context.ts'

/** Finds of one job: a job must not hold the device for long. */
const NONCES_PER_JOB = 256

export interface Recomputed {
  readonly nonce: bigint
  readonly digest: Uint8Array
  readonly isFind: boolean
}

/** What a race of this epoch is judged by. */
export type RaceRules = Pick<ChainSnapshot, 'epoch' | 'targets'> & { readonly seed: Uint8Array }

/** Computes the attempts of a host again, in the order given. @throws CodedError `unknown_host`, and what compute throws. */
export async function recompute(
  context: HostContext,
  rules: RaceRules,
  host: string,
  nonces: readonly bigint[],
  signal: AbortSignal,
): Promise<Recomputed[]> {
  const shape = await raceShapeOf(context, rules, host, signal)
  const target = rules.targets[shape]
  if (target === undefined) {
    throw new CodedError('unknown_host', 'no race of this shape', { fields: { host, shape } })
  }
  const results: Recomputed[] = []
  for (let from = 0; from < nonces.length; from += NONCES_PER_JOB) {
    const part = nonces.slice(from, from + NONCES_PER_JOB)
    const job = { shape, epochSeed: rules.seed, host: decodeAddress(host), nonces: part }
    const digests = await context.compute.check(job, signal)
    if (digests.length !== part.length) {
      throw new CodedError('wrong_check_result', 'compute answered for other attempts than asked')
    }
    digests.forEach((digest, index) => {
      results.push({ nonce: part[index] as bigint, digest, isFind: compareBytes(digest, target) < 0 })
    })
  }
  return results
}

/** The shape of the race, not of the registration: that may have changed since the first commit. */
async function raceShapeOf(
  context: HostContext,
  rules: RaceRules,
  host: string,
  signal: AbortSignal,
): Promise<ShapeName> {
  const record = await context.chain.host(host, signal)
  if (record === undefined || Number(record.raceEpoch) !== rules.epoch || !isShapeName(record.raceShape)) {
    throw new CodedError('unknown_host', 'this host has no race in the epoch', { fields: { host } })
  }
  return record.raceShape
}
