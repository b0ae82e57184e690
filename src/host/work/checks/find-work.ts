/**
 * Where the data behind a receipt comes from: the chain where it is posted, this host's own store, then executor, gateway and
 * custodian, for an arbiter also the verifiers who have judged it. Invariant: what is returned fits the hashes that the executor
 * signed; bytes that do not are somebody else's lie, and count as no answer from that somebody.
 */
import { toHex } from '../../../lib/bytes.ts'
import { CodedError, errorCode } from '../../../lib/coded-error.ts'
import { encodeAddress } from '../../../protocol/address.ts'
import type { WorkRequest } from '../../../protocol/gen/tailrace/v1/peer.ts'
import type { BatchState } from '../../../protocol/gen/tailrace/v1/state.ts'
import { CheckVerdict } from '../../../protocol/gen/tailrace/v1/tx.ts'
import type { WorkData } from '../../../protocol/gen/tailrace/v1/work.ts'
import { workDataMismatch } from '../../../protocol/work/judge.ts'
import type { HostContext } from '../../context.ts'
import { sentAtMs } from '../../network-time.ts'
import { withTimeLimit } from '../../tasks.ts'
import type { Ask } from './ask-in-turn.ts'
import { askInTurn } from './ask-in-turn.ts'
import type { CheckingComponents } from './checking-components.ts'
import type { Duty } from './duty.ts'

export type WorkParts = 'work' | 'work_and_scores'

export interface WorkFinder {
  /** Undefined where nobody has it at present. @throws CodedError where the chain cannot be asked, or the signal's reason */
  find(duty: Duty, parts: WorkParts, signal: AbortSignal): Promise<WorkData | undefined>
}

export interface WorkFinderOptions {
  /** How long one source is waited for before the next is asked too. */
  readonly patienceMs: number
  /** How long one source may take in all. */
  readonly answerMs: number
}

type FinderComponents = Pick<CheckingComponents, 'chain' | 'peers' | 'keys' | 'store'>

interface Source {
  readonly name: string
  readonly ask: Ask<WorkData>
}

/** @throws CodedError `unknown_batch`, or what the chain port throws */
export async function batchOf(
  { chain }: Pick<CheckingComponents, 'chain'>,
  duty: Duty,
  signal: AbortSignal,
): Promise<BatchState> {
  if (duty.batch === undefined) {
    const { batch } = await chain.batch(duty.place.batch, signal)
    if (batch === undefined) {
      throw new CodedError('unknown_batch', `the chain does not know batch ${duty.place.batch}`)
    }
    duty.batch = batch
  }
  return duty.batch
}

export function createWorkFinder(
  host: HostContext,
  components: FinderComponents,
  options: WorkFinderOptions,
): WorkFinder {
  return {
    async find(duty, parts, signal) {
      const sources = [
        ...nearSources(components, duty),
        ...peerSources(host, components, options, duty, parts, await batchOf(components, duty, signal)),
      ]
      const asks = sources.map(({ name, ask }): Ask<WorkData> => {
        return async (end) => {
          try {
            const data = await ask(end)
            return data && fits(host, duty, parts, name, data) ? data : undefined
          } catch (error) {
            host.logger.log('debug', 'work data not had', { check: duty.key, source: name, code: errorCode(error) })
            return undefined
          }
        }
      })
      const data = await askInTurn(host.clock, options.patienceMs, asks, signal)
      if (data === undefined && !duty.asked.has(parts)) {
        duty.asked.add(parts)
        await callOut(host, components, duty)
      }
      return data
    },
  }
}

/** What needs no peer. */
function nearSources({ chain, store }: FinderComponents, duty: Duty): Source[] {
  const { check, subject } = duty
  const kept: Source = {
    name: 'kept',
    ask: async () => (await store.keptOpening(toHex(subject.orderHash), check.batch))?.data,
  }
  const posted: Source = { name: 'chain', ask: (signal) => chain.postedWork(check.postedTx, signal) }
  return check.posted ? [kept, posted] : [kept]
}

function peerSources(
  host: HostContext,
  { peers }: FinderComponents,
  { answerMs }: WorkFinderOptions,
  duty: Duty,
  parts: WorkParts,
  batch: BatchState,
): Source[] {
  const { place, subject } = duty
  const request: WorkRequest = {
    orderHash: subject.orderHash,
    batch: place.batch,
    point: place.point,
    withScores: parts === 'work_and_scores',
  }
  const askPeer = async (peerId: string | undefined, signal: AbortSignal): Promise<WorkData | undefined> => {
    if (peerId === undefined || peerId === '' || peerId === peers.peerId) {
      return undefined
    }
    return withTimeLimit(host.clock, answerMs, signal, (end) => peers.requestWork(peerId, request, end))
  }
  const hostSource = (name: string, owner: Uint8Array): Source => ({
    name,
    ask: async (signal) => askPeer((await host.chain.host(encodeAddress(owner), signal))?.peerId, signal),
  })
  return [
    hostSource('executor', batch.executor),
    { name: 'gateway', ask: (signal) => askPeer(subject.order.gatewayPeer, signal) },
    ...(batch.custodian.length > 0 ? [hostSource('custodian', batch.custodian)] : []),
    ...judgesOf(duty).map((owner) => hostSource('verifier', owner)),
  ]
}

/** Verifiers keep what they judged: an executor that is accused cannot hide it from the arbiters. */
function judgesOf({ role, check }: Duty): Uint8Array[] {
  const { CHECK_VERDICT_PASS, CHECK_VERDICT_FAIL } = CheckVerdict
  const judges = check.checkers.filter(
    ({ verdict }) => verdict === CHECK_VERDICT_PASS || verdict === CHECK_VERDICT_FAIL,
  )
  return role === 'arbiter' ? judges.map(({ host }) => host) : []
}

function fits(host: HostContext, duty: Duty, parts: WorkParts, source: string, data: WorkData): boolean {
  const isWaitingForScores = parts === 'work_and_scores' && data.scores.length === 0 && data.output.length > 0
  const mismatch = isWaitingForScores ? 'scores not handed out' : workDataMismatch(duty.subject, data, parts)
  if (mismatch !== undefined) {
    const level = isWaitingForScores ? 'debug' : 'warn'
    host.logger.log(level, 'work data refused', { check: duty.key, source, mismatch })
  }
  return mismatch === undefined
}

/** Whoever keeps it and cannot be reached from here comes by itself (answer-calls.ts) and is asked again at the next block. */
async function callOut(host: HostContext, { peers, keys }: FinderComponents, duty: Duty): Promise<void> {
  const { place, subject } = duty
  try {
    await peers.publishCheckRequest(
      await keys.signCheckRequest({
        host: host.keys.ownerAddress,
        epoch: BigInt(host.watch.latest()?.epoch ?? 0),
        sentAtMs: sentAtMs(host),
        batch: place.batch,
        point: place.point,
        orderHash: subject.orderHash,
      }),
    )
  } catch (error) {
    host.logger.log('debug', 'check request not published', { check: duty.key, code: errorCode(error) })
  }
}
