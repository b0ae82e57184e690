/** What the chain says of this host's paid work, read again after each block: services, prices, batches and their checks. */
import type { ChainPort, HostRecord } from '../../host/ports.ts'
import type { WorkChainPort } from '../../host/work/ports.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import { decodeAddress } from '../../protocol/address.ts'
import type { ModelRecord, ServiceRecord } from '../../protocol/gen/tailrace/v1/query.ts'
import type { BatchState, CheckState, RosterState } from '../../protocol/gen/tailrace/v1/state.ts'

export interface FollowedBatch {
  readonly batch: BatchState
  readonly checks: readonly CheckState[]
}

export interface WorkFacts {
  readonly services: readonly ServiceRecord[]
  readonly models: readonly ModelRecord[]
  /** Models whose newest roster names this host. */
  readonly drawable: ReadonlySet<string>
  /** Newest first. */
  readonly batches: readonly FollowedBatch[]
}

const KEPT_BATCHES = 20
const OPEN_STATES: readonly string[] = ['accepted', 'checking']

export interface WorkFollowComponents {
  readonly chain: Pick<ChainPort, 'onBlock'>
  readonly work: WorkChainPort
  readonly ownerAddress: HostRecord['owner']
  readonly logger: Logger
}

/** Follows until the signal aborts; between two readings the last one stands. */
export function followWork(
  components: WorkFollowComponents,
  signal: AbortSignal,
  notify: () => void,
): () => WorkFacts | undefined {
  let facts: WorkFacts | undefined
  let isReading = false
  async function read(): Promise<void> {
    if (isReading) {
      return
    }
    isReading = true
    try {
      facts = await readFacts(components, facts, signal)
      notify()
    } catch (error) {
      if (!signal.aborted) {
        components.logger.log('debug', 'paid work not read', { error: errorMessage(error) })
      }
    } finally {
      isReading = false
    }
  }
  const stop = components.chain.onBlock(() => void read())
  signal.addEventListener('abort', stop, { once: true })
  void read()
  return () => facts
}

async function readFacts(
  { work, ownerAddress }: WorkFollowComponents,
  before: WorkFacts | undefined,
  signal: AbortSignal,
): Promise<WorkFacts> {
  const [services, models] = await Promise.all([work.services(ownerAddress, signal), work.models(signal)])
  const own = decodeAddress(ownerAddress)
  const served = services.flatMap(({ service }) => (service === undefined ? [] : [service.model]))
  const rosters = await Promise.all(served.map((model) => work.roster(model, 0, signal)))
  const drawable = new Set(served.filter((_model, index) => isOn(rosters[index], own)))
  return { services, models, drawable, batches: await readBatches(work, ownerAddress, before?.batches ?? [], signal) }
}

function isOn(roster: RosterState | undefined, own: Uint8Array): boolean {
  return roster?.entries.some(({ host }) => equalBytes(host, own)) === true
}

/** Closed batches change no more, but for a floor draw at the epoch's close: the newest ones are asked for again. */
async function readBatches(
  work: WorkChainPort,
  owner: string,
  known: readonly FollowedBatch[],
  signal: AbortSignal,
): Promise<readonly FollowedBatch[]> {
  const oldestOpen = known.findLast(({ batch }) => OPEN_STATES.includes(batch.state))?.batch.id
  const from = oldestOpen ?? known[0]?.batch.id ?? 0n
  const fresh = await work.batches(owner, from, signal)
  const byId = new Map(known.map((entry) => [entry.batch.id, entry]))
  const newest = fresh.slice(-KEPT_BATCHES)
  const answers = await Promise.all(newest.map(({ id }) => work.batch(id, signal)))
  for (const { batch, checks } of answers) {
    if (batch !== undefined) {
      byId.set(batch.id, { batch, checks })
    }
  }
  return [...byId.values()].sort((a, b) => (a.batch.id < b.batch.id ? 1 : -1)).slice(0, KEPT_BATCHES)
}
