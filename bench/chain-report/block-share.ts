import { PROPOSAL_LIMITS } from '../../src/chain-node/limits.ts'
import type { BenchHost, HostWorld, TimedBlock } from './host-world.ts'
import { assignmentOf, commitFinds, createHostWorld, epochOf, opening, root, serve } from './host-world.ts'

/** Blocks of one stage of an epoch in which every host takes part. */
export interface StageTime {
  readonly stage: string
  readonly blocks: number
  /** Transactions of all of them. */
  readonly txs: number
  readonly meanMs: number
  readonly maxMs: number
  /** Of the mean and of the worst block, in percent of the block time. */
  readonly meanPercent: number
  readonly maxPercent: number
}

export interface BlockShare {
  readonly hosts: number
  readonly blockTimeMs: number
  readonly stages: readonly StageTime[]
}

/** Opening them all would take a minute of hashing outside of what is measured. */
const MOST_OPENINGS = 400

/** One epoch of a public network, the next one without a race for what its close credits. Signatures are not in it. */
export function measureBlockShare(hosts: number, mostOpenings: number = MOST_OPENINGS): BlockShare {
  const world = createHostWorld(hosts)
  const stages = new Map<string, { txs: number; ms: number[] }>()
  const note = (stage: string, txs: number, { ms }: TimedBlock): void => {
    const before = stages.get(stage) ?? { txs: 0, ms: [] }
    stages.set(stage, { txs: before.txs + txs, ms: [...before.ms, ms] })
  }
  const inBlocks = (stage: string, txs: readonly Uint8Array[]): void => {
    for (const part of packed(txs)) {
      note(stage, part.length, world.block(part))
    }
  }
  inBlocks('serve', signAll(world, world.hosts, serve))
  inBlocks(
    'race commits',
    signAll(world, world.hosts, (host) => commitFinds(host, 0n, 0)),
  )
  runEmpty(world, note, Number(epochOf(world.app).raceEndHeight) + 2)
  const rounds = new Map(world.hosts.map((host) => [host, assignmentOf(world.app, host, 0n)]))
  const able = world.hosts.filter((host) => rounds.get(host) !== undefined).slice(0, mostOpenings)
  inBlocks(
    'verification roots',
    able.flatMap((host) => signOne(world, host, rounds.get(host), root)),
  )
  runEmpty(world, note, world.height + 2)
  inBlocks(
    'verification openings',
    able.flatMap((host) => signOne(world, host, assignmentOf(world.app, host, 0n), opening)),
  )
  runEmpty(world, note, 2 * world.params.epochLength)
  return {
    hosts,
    blockTimeMs: world.params.blockTimeMs,
    stages: [...stages].map(([stage, { txs, ms }]) => stageTime(world, stage, txs, ms)),
  }
}

type Message = Parameters<HostWorld['sign']>[1]

function signAll(world: HostWorld, hosts: readonly BenchHost[], message: (host: BenchHost) => Message): Uint8Array[] {
  return hosts.map((host) => world.sign(host, message(host)))
}

function signOne(
  world: HostWorld,
  host: BenchHost,
  assignment: ReturnType<typeof assignmentOf>,
  message: typeof root,
): Uint8Array[] {
  return assignment === undefined ? [] : [world.sign(host, message(host, 0n, assignment))]
}

/** As a proposer packs them. */
function packed(txs: readonly Uint8Array[]): Uint8Array[][] {
  const blocks: Uint8Array[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const tx of txs) {
    const last = blocks.at(-1)
    if (last === undefined || last.length >= PROPOSAL_LIMITS.txs || bytes + tx.length > PROPOSAL_LIMITS.bytes) {
      blocks.push([tx])
      bytes = tx.length
    } else {
      last.push(tx)
      bytes += tx.length
    }
  }
  return blocks
}

/** Blocks without transactions up to this height, named by what their end does. */
function runEmpty(
  world: HostWorld,
  note: (stage: string, txs: number, block: TimedBlock) => void,
  until: number,
): void {
  while (world.height < until) {
    const next = world.height + 1
    const block = world.block()
    note(stageOfEnd(world, next), 0, block)
  }
}

function stageOfEnd({ params }: HostWorld, height: number): string {
  const inEpoch = height % params.epochLength
  const settle = params.raceLength + params.verifyLength
  switch (inEpoch) {
    case params.raceLength + 2:
      return 'draw of finds and verifiers'
    case settle:
      return 'settle'
    case params.epochLength - 1:
      return 'close'
    default:
      return height % params.serving.rosterBlocks === 0 ? 'empty, rosters' : 'empty'
  }
}

function stageTime(world: HostWorld, stage: string, txs: number, ms: readonly number[]): StageTime {
  const meanMs = ms.reduce((sum, one) => sum + one, 0) / ms.length
  const maxMs = Math.max(...ms)
  const percent = (part: number): number => (100 * part) / world.params.blockTimeMs
  return { stage, blocks: ms.length, txs, meanMs, maxMs, meanPercent: percent(meanMs), maxPercent: percent(maxMs) }
}
