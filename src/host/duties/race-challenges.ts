import type { RaceChallenge } from '../../protocol/gen/tailrace/v1/gossip.ts'
import type { ChainSnapshot } from '../chain-snapshot.ts'
import type { HostContext } from '../context.ts'
import { forEachSnapshot } from '../tasks.ts'
import type { Accusing } from './accusing.ts'
import { hasWeight } from './accusing.ts'
import { recompute } from './recompute.ts'

/** Challenges that wait for their recomputation; further ones are dropped: who sent them challenges on chain as well. */
const MAX_QUEUED = 16
const MAX_KNOWN = 1_024
/** A challenger that was wrong so often in one epoch is not listened to until the next. */
const MAX_LIES = 3
/** So that not every host challenges the same find in the same block. */
const JITTER_BLOCKS = 3

/** Answers to what others gossip: the find is recomputed and, where it really is none, challenged on chain. */
export function answerRaceChallenges(context: HostContext, accusing: Accusing, signal: AbortSignal): Promise<void> {
  let queue: { readonly challenge: RaceChallenge; readonly notBefore: number }[] = []
  let known = new Set<string>()
  let lies = { epoch: -1, counts: new Map<string, number>() }

  function receive(challenge: RaceChallenge): void {
    const key = `${challenge.epoch}/${challenge.host}/${challenge.nonce}`
    const isLiar = (lies.counts.get(challenge.challenger) ?? 0) >= MAX_LIES
    if (known.has(key) || isLiar || queue.length >= MAX_QUEUED || challenge.host === context.keys.ownerAddress) {
      return
    }
    known = known.size >= MAX_KNOWN ? new Set() : known
    known.add(key)
    const jitter = (context.rng.bytes(1)[0] as number) % JITTER_BLOCKS
    queue.push({ challenge, notBefore: (context.watch.latest()?.height ?? 0) + jitter })
  }

  function wants(snapshot: ChainSnapshot): boolean {
    if (lies.epoch !== snapshot.epoch) {
      lies = { epoch: snapshot.epoch, counts: new Map() }
      queue = queue.filter(({ challenge }) => Number(challenge.epoch) === snapshot.epoch)
    }
    // Without weight the chain would not listen: no reason to work.
    return (
      snapshot.seed !== undefined &&
      snapshot.height < snapshot.heights.settleHeight &&
      hasWeight(snapshot) &&
      queue.some(({ notBefore }) => notBefore <= snapshot.height)
    )
  }

  async function step(snapshot: ChainSnapshot, stepSignal: AbortSignal): Promise<void> {
    const ready = queue.filter(({ notBefore }) => notBefore <= snapshot.height)
    queue = queue.filter(({ notBefore }) => notBefore > snapshot.height)
    for (const { challenge } of ready) {
      const verdict = await judge(context, snapshot, challenge, stepSignal)
      if (verdict === 'wrong') {
        accusing.accuse({ kind: 'find', epoch: snapshot.epoch, host: challenge.host, nonce: challenge.nonce })
      }
      if (verdict === 'right') {
        const count = (lies.counts.get(challenge.challenger) ?? 0) + 1
        lies.counts.set(challenge.challenger, count)
        context.logger.log('warn', 'false race challenge', { challenger: challenge.challenger, count })
      }
    }
  }

  const unsubscribe = context.peers.onRaceChallenge(receive)
  return forEachSnapshot(context, 'race_challenges', wants, step, signal).finally(unsubscribe)
}

/** `right`: the find is one, or was never committed: the challenger said what is not so. */
async function judge(
  context: HostContext,
  snapshot: ChainSnapshot,
  challenge: RaceChallenge,
  signal: AbortSignal,
): Promise<'wrong' | 'right' | 'settled'> {
  const epoch = BigInt(snapshot.epoch)
  if (challenge.epoch !== epoch || snapshot.seed === undefined) {
    return 'settled'
  }
  const accused = await context.chain.host(challenge.host, signal)
  if (accused?.raceVerdict === 'convicted') {
    return 'settled'
  }
  const nonces = await context.chain.finds(epoch, challenge.host, signal)
  if (!nonces.includes(challenge.nonce)) {
    return 'right'
  }
  const rules = { epoch: snapshot.epoch, seed: snapshot.seed, targets: snapshot.targets }
  const [find] = await recompute(context, rules, challenge.host, [challenge.nonce], signal)
  return find === undefined || find.isFind ? 'right' : 'wrong'
}
