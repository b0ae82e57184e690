import { getAmount } from '../../src/chain/state/records.ts'
import { updateService } from '../../src/chain/state/work/services.ts'
import { BATCH_COUNTER_KEY } from '../../src/chain/state/work/work-keys.ts'
import { WORK_LIMITS } from '../../src/protocol/work/limits.ts'
import { PUBLIC_SERVING_PARAMS } from '../../src/protocol/work/serving-params.ts'
import type { CheckWorld, SentBatch } from '../../test/support/chain/chain-checks.ts'
import { actionsOf, batchOf } from '../../test/support/chain/chain-checks.ts'
import type { Actor, HostActor } from '../../test/support/chain/chain-harness.ts'
import { hostNamed } from '../../test/support/chain/chain-harness.ts'
import type { DoneWork } from '../../test/support/chain/chain-work.ts'
import {
  batchMessage,
  createWorkbench,
  createWorkChain,
  DEVELOPER,
  DEVELOPER_AMOUNT,
  depositMessage,
  ownerOf,
  sessionNamed,
  TEST_MODEL,
} from '../../test/support/chain/chain-work.ts'
import { cpuMs } from './cpu-clock.ts'

/** What one inference costs every node, when so many of them come in one batch. */
export interface BatchCost {
  readonly batch: number
  readonly payers: number
  /** Per inference: checks of its transactions, their execution and what the ends of blocks do for them; microseconds. */
  readonly cpuUs: number
  /** Of these, everything after the batch itself: openings, verifiers' commits and reports, settlement. */
  readonly checksUs: number
  /** Per inference: bytes of transactions in blocks. */
  readonly bytes: number
  readonly batches: number
  /** Of all batches. */
  readonly txs: number
  readonly points: number
}

const HOSTS = Array.from({ length: 10 }, (_, at) => hostNamed(`bench ${at}`))
/** Reputation 999,000 ppm: a host that has been good for long, so the least share of 1 % is checked, and a point a batch at least. */
const SETTLED_G = 10_000_000_000n
const CALM_BLOCKS = 20

/** Each pair in a chain of its own; batches one after the other, so that nothing is shared between two of them. */
export function measureBatches(
  payers: number,
  sizes: readonly (readonly [batch: number, times: number])[],
): BatchCost[] {
  const sessions = Array.from({ length: payers }, (_, at) => sessionNamed(`bench ${at}`))
  const world = createSettledWorld(sessions)
  const emptyMs = meanOf(Array.from({ length: CALM_BLOCKS }, () => timeBlock(world, [])))
  return sizes.map(([batch, times]) => measureSize(world, sessions, { batch, times, emptyMs }))
}

/** Public parameters of serving; one executor that everybody knows. */
function createSettledWorld(sessions: readonly Actor[]): CheckWorld {
  const chain = createWorkChain({ hosts: HOSTS, params: { serving: PUBLIC_SERVING_PARAMS, epochLength: 5_000 } })
  const amount = DEVELOPER_AMOUNT / BigInt(sessions.length)
  for (let at = 0; at < sessions.length; at += 8) {
    const deposits = sessions.slice(at, at + 8).map((session) => depositMessage(DEVELOPER, session, amount))
    chain.produce([chain.sign(DEVELOPER, deposits)])
  }
  // Written past the tree: years of service in one line. The next write of the record brings it there.
  const floor = { epoch: 0n, epochPoints: BigInt(chain.params.serving.checkFloor) }
  updateService(chain.store, ownerOf(executor()), TEST_MODEL.id, { g: SETTLED_G, ...floor })
  return { chain, bench: createWorkbench(chain), hosts: HOSTS }
}

function executor(): HostActor {
  return HOSTS[0] as HostActor
}

interface Size {
  readonly batch: number
  readonly times: number
  readonly emptyMs: number
}

interface Tally {
  batches: number
  batchMs: number
  checksMs: number
  bytes: number
  txs: number
  points: number
}

function measureSize(world: CheckWorld, sessions: readonly Actor[], { batch, times, emptyMs }: Size): BatchCost {
  const tally: Tally = { batches: 0, batchMs: 0, checksMs: 0, bytes: 0, txs: 0, points: 0 }
  for (let time = 0; time < times; time++) {
    runBatch(world, sessions, { first: time * batch, count: batch, emptyMs }, tally)
  }
  const inferences = batch * times
  return {
    batch,
    payers: sessions.length,
    cpuUs: (1_000 * (tally.batchMs + tally.checksMs)) / inferences,
    checksUs: (1_000 * tally.checksMs) / inferences,
    bytes: tally.bytes / inferences,
    batches: tally.batches,
    txs: tally.txs,
    points: tally.points,
  }
}

function runBatch(
  world: CheckWorld,
  sessions: readonly Actor[],
  { first, count, emptyMs }: { first: number; count: number; emptyMs: number },
  tally: Tally,
): void {
  const { chain, bench } = world
  const host = executor()
  const works = Array.from({ length: count }, (_, at) =>
    bench.work(sessions[(first + at) % sessions.length] as Actor, host),
  )
  for (const part of inLanes(works)) {
    const tree = bench.batch(host, { works: part })
    const submit = chain.sign(host.device, [batchMessage(tree.message)])
    const sent: SentBatch = { id: nextId(world), tree, host }
    tally.batches += 1
    tally.batchMs += timeBlock(world, [submit], tally) - emptyMs
    while (isOpen(world, sent)) {
      const txs = actionsOf(chain, HOSTS, sent, {}).map(({ actor, message }) => chain.sign(actor, [message]))
      tally.checksMs += timeBlock(world, txs, tally) - emptyMs
    }
    tally.points += batchOf(chain, sent.id).checks.length
  }
}

/** A batch has so many lanes at most: receipts of more payers are as many batches as they need. */
function inLanes(works: readonly DoneWork[]): DoneWork[][] {
  const payers = [...new Set(works.map(({ session }) => session))]
  const parts: DoneWork[][] = []
  for (let at = 0; at < payers.length; at += WORK_LIMITS.lanesPerBatch) {
    const own = new Set(payers.slice(at, at + WORK_LIMITS.lanesPerBatch))
    parts.push(works.filter(({ session }) => own.has(session)))
  }
  return parts
}

/** As a node meets them: each is checked for the mempool, and executed in the block. σ_h was verified with the proposal. */
function timeBlock({ chain }: CheckWorld, txs: readonly Uint8Array[], tally?: Tally): number {
  const input = chain.nextBlock(txs)
  chain.app.processProposal(input)
  const startMs = cpuMs()
  const checked = txs.map((tx) => chain.app.checkTx(tx))
  const { txResults } = chain.app.finalizeBlock(input)
  chain.app.commit()
  const ms = cpuMs() - startMs
  const refused = [...checked, ...txResults].find(({ code }) => code !== 0)
  if (refused !== undefined) {
    throw new Error(`the benchmark's transaction was refused: ${refused.log}`)
  }
  if (tally !== undefined) {
    tally.txs += txs.length
    tally.bytes += txs.reduce((sum, tx) => sum + tx.length, 0)
  }
  return ms
}

/** Ids count the batches of a chain. */
function nextId({ chain }: CheckWorld): bigint {
  return getAmount(chain.store, BATCH_COUNTER_KEY) + 1n
}

function isOpen({ chain }: CheckWorld, { id }: SentBatch): boolean {
  const { state } = batchOf(chain, id).batch
  return state === 'accepted' || state === 'checking'
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
