import { bytesToBigint } from '../../lib/bytes.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import type { HostContext } from '../context.ts'
import { sentAtMs } from '../network-time.ts'
import { forEachSnapshot } from '../tasks.ts'
import type { Accusing } from './accusing.ts'
import type { RaceRules, Recomputed } from './recompute.ts'
import { recompute } from './recompute.ts'
import type { Verifying } from './verifying.ts'

const DEFAULT_SPOT_CHECKS = 4
/** Where one find is wrong there are likely more: so many further ones of the same host are looked at. */
const FOLLOW_UP_CHECKS = 16

/**
 * Spare capacity: once an epoch, when the drawn duties are done, a few random finds of one random other host are recomputed.
 * A wrong one is told to everybody, and challenged on chain where this host has weight.
 */
export function spotCheck(
  context: HostContext,
  verifying: Verifying,
  accusing: Accusing,
  signal: AbortSignal,
): Promise<void> {
  const checks = context.options.spotChecksPerEpoch ?? DEFAULT_SPOT_CHECKS
  let lastEpoch = -1

  function wants(snapshot: ChainSnapshot): boolean {
    const { height, heights, epoch, record } = snapshot
    return (
      checks > 0 &&
      epoch > lastEpoch &&
      record?.active === true &&
      snapshot.seed !== undefined &&
      // Two blocks after the draw: by then this host knows its own duties.
      height >= heights.sampleHeight + 2 &&
      // The chain takes challenges of finds until the settle.
      height < heights.settleHeight &&
      !verifying.isBusy()
    )
  }

  async function step(snapshot: ChainSnapshot, stepSignal: AbortSignal): Promise<void> {
    if (snapshot.seed === undefined) {
      return
    }
    lastEpoch = snapshot.epoch
    const rules = { epoch: snapshot.epoch, seed: snapshot.seed, targets: snapshot.targets }
    const target = await pickHost(context, snapshot, stepSignal)
    if (target === undefined) {
      return
    }
    const nonces = await context.chain.finds(BigInt(snapshot.epoch), target, stepSignal)
    const wrong = await findWrong(context, rules, target, pick(context, nonces, checks), stepSignal)
    if (wrong.length > 0) {
      wrong.push(...(await findWrong(context, rules, target, pick(context, nonces, FOLLOW_UP_CHECKS), stepSignal)))
    }
    for (const find of wrong) {
      await tell(context, snapshot.epoch, target, find)
      accusing.accuse({ kind: 'find', epoch: snapshot.epoch, host: target, nonce: find.nonce })
    }
  }

  return forEachSnapshot(context, 'spot_check', wants, step, signal)
}

/** Computed twice: a machine that contradicts itself accuses nobody. */
async function findWrong(
  context: HostContext,
  rules: RaceRules,
  host: string,
  nonces: readonly bigint[],
  signal: AbortSignal,
): Promise<Recomputed[]> {
  const first = await recompute(context, rules, host, nonces, signal)
  const doubtful = first.filter((result) => !result.isFind).map((result) => result.nonce)
  const second = doubtful.length === 0 ? [] : await recompute(context, rules, host, doubtful, signal)
  return second.filter((result) => !result.isFind)
}

async function pickHost(
  context: HostContext,
  snapshot: ChainSnapshot,
  signal: AbortSignal,
): Promise<string | undefined> {
  const hosts = await context.chain.hosts(signal)
  const others = hosts.filter(
    (host) =>
      host.owner !== context.keys.ownerAddress &&
      Number(host.raceEpoch) === snapshot.epoch &&
      host.finds > 0n &&
      host.raceVerdict !== 'convicted',
  )
  return others.length === 0 ? undefined : others[randomBelow(context, others.length)]?.owner
}

/** Up to `count` different entries, at random. */
function pick(context: HostContext, nonces: readonly bigint[], count: number): bigint[] {
  const rest = [...nonces]
  const chosen: bigint[] = []
  while (chosen.length < count && rest.length > 0) {
    chosen.push(...rest.splice(randomBelow(context, rest.length), 1))
  }
  return chosen
}

/** Not consensus: a bias of 2^-40 harms nobody. */
function randomBelow(context: HostContext, bound: number): number {
  return Number(bytesToBigint(context.rng.bytes(8)) % BigInt(bound))
}

async function tell(context: HostContext, epoch: number, host: string, find: Recomputed): Promise<void> {
  const message = await context.keys.signRaceChallenge({
    challenger: context.keys.ownerAddress,
    host,
    epoch: BigInt(epoch),
    nonce: find.nonce,
    digest: find.digest,
    sentAtMs: sentAtMs(context),
  })
  try {
    await context.peers.publishRaceChallenge(message)
  } catch (error) {
    // Gossip is a help, the chain is what counts.
    context.logger.log('warn', 'challenge not gossiped', { error: String(error) })
  }
}
