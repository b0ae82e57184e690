/**
 * What is done to a network, one function a fault. Each says what it did and how many blocks passed until the node that it hurt
 * was back at the head of the chain; each throws where the network did anything but what it must.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { toHex } from '../../../src/lib/bytes.ts'
import { readNodeSettings, writeNodeSettings } from '../../../src/main/cometbft/node-settings.ts'
import type { DrawStream } from '../../../src/protocol/draw.ts'
import { blsSign } from '../../../src/protocol/randomness.ts'
import { decodeRandomnessTx, encodeRandomnessTx } from '../../../src/protocol/tx.ts'
import type { CometTestNode } from '../comet/test-node.ts'
import { waitFor } from '../wait-for.ts'
import type { Spoil } from './abci-meddler.ts'
import { readBody, readHeaders } from './block-book.ts'
import type { FaultNetwork } from './fault-network.ts'
import { NODE, VALIDATORS } from './fault-network.ts'

export interface Fault {
  readonly kind: string
  readonly node: number
  readonly recoveredBlocks: number
}

const TARGETS = ['app', 'comet', 'node'] as const
const MOST_PAUSE_MS = 1_500n
const RECOVERY_DEADLINE_MS = 180_000
const SKEW_MS = 600_000
/** So long nothing may happen while two of four are away. */
const HALT_MS = 15_000

/** SIGKILL of an application, of a CometBFT, or of both. */
export async function killOne(network: FaultNetwork, random: DrawStream): Promise<Fault> {
  await sleep(Number(random.below(MOST_PAUSE_MS)))
  const node = Number(random.below(BigInt(VALIDATORS)))
  const target = TARGETS[Number(random.below(BigInt(TARGETS.length)))] as (typeof TARGETS)[number]
  const before = await headOf(network, [node])
  await network.comet.kill(`${target}-${node}`, 'SIGKILL')
  await network.comet.start(`node-${node}`)
  return { kind: `kill_${target}`, node, recoveredBlocks: await caughtUp(network, node, before) }
}

/** One of four cut off: the others go on, it catches up. */
export async function cutOne(network: FaultNetwork, node: number): Promise<Fault> {
  const { comet } = network
  const others = running(network).filter((index) => index !== node)
  const before = await headOf(network, [node])
  comet.cut(node)
  await comet.waitForHeight(before + 6, { nodes: others })
  const [own = 0] = await comet.heights([node])
  if (own >= before + 5) {
    throw new Error(`node ${node} has height ${own} although it was cut off at ${before}`)
  }
  comet.heal()
  return { kind: 'cut_one', node, recoveredBlocks: await caughtUp(network, node, before + 6) }
}

/** Two of four cut off: nobody makes blocks, nobody forks; healed, all go on. */
export async function cutTwo(network: FaultNetwork, nodes: readonly [number, number]): Promise<Fault> {
  const { comet } = network
  for (const node of nodes) {
    comet.cut(node)
  }
  // A block that was decided just before may still arrive.
  await sleep(HALT_MS / 3)
  const halted = await comet.heights()
  await sleep(HALT_MS)
  const later = await comet.heights()
  if (later.some((height, at) => height !== halted[at])) {
    throw new Error(`blocks without two thirds: ${halted} became ${later}`)
  }
  comet.heal()
  const head = Math.max(...halted)
  await comet.waitForHeight(head + 3, { deadlineMs: RECOVERY_DEADLINE_MS })
  return { kind: 'cut_two', node: nodes[0], recoveredBlocks: 3 }
}

/** The clocks of two applications are ten minutes off, one each way: no app hash may move. */
export async function skewClocks(network: FaultNetwork): Promise<Fault> {
  const { comet } = network
  const shifts = [
    [NODE.slowClock, -SKEW_MS],
    [NODE.fastClock, SKEW_MS],
  ] as const
  for (const [node, shiftMs] of shifts) {
    network.setClock(`app-${node}`, shiftMs)
    await comet.restart(`node-${node}`, 'SIGTERM')
  }
  const from = await headOf(network)
  await comet.waitForHeight(from + 10, { deadlineMs: RECOVERY_DEADLINE_MS })
  for (const [node] of shifts) {
    network.setClock(`app-${node}`, 0)
    await comet.restart(`node-${node}`, 'SIGTERM')
  }
  return {
    kind: 'clock_skew',
    node: NODE.fastClock,
    recoveredBlocks: await caughtUp(network, NODE.fastClock, from + 10),
  }
}

/** The disk of one node is full: it may stop, the others go on; with room again it comes back. */
export async function fillDisk(network: FaultNetwork): Promise<Fault> {
  const { comet, disk } = network
  const node = NODE.smallDisk
  const others = running(network).filter((index) => index !== node)
  const before = await headOf(network)
  disk?.fill()
  await comet.waitForHeight(before + 8, { nodes: others, deadlineMs: RECOVERY_DEADLINE_MS })
  disk?.free()
  // Whichever of the two still runs on a disk that was full is asked to stop, as an operator would.
  const { app, comet: engine } = comet.nodes[node] as CometTestNode
  await engine.kill('SIGTERM')
  await app.kill('SIGTERM')
  await comet.start(`node-${node}`)
  return { kind: 'full_disk', node, recoveredBlocks: await caughtUp(network, node, before + 8) }
}

/** A proposer that proposes what no honest one does: nothing of it is ever in a block. One fault for each way. */
export async function proposeInvalid(network: FaultNetwork): Promise<Fault[]> {
  const { comet, meddler } = network
  const node = NODE.byzantine
  const { validatorKey } = comet.nodes[node] as CometTestNode
  const proposer = toHex(validatorKey.address).toUpperCase()
  const faults: Fault[] = []
  for (const [kind, spoil] of Object.entries(spoilers(validatorKey.blsSecret))) {
    const before = await headOf(network)
    meddler.spoil(spoil)
    await waitFor(`a proposal with ${kind}`, () => meddler.spoiled.length > 0, { deadlineMs: RECOVERY_DEADLINE_MS })
    const [height = 0n] = meddler.spoiled
    await comet.waitForHeight(Number(height) + 2, { deadlineMs: RECOVERY_DEADLINE_MS })
    meddler.spoil(undefined)
    await refusedAt(network, Number(height), { kind, proposer })
    faults.push({ kind: `proposal_${kind}`, node, recoveredBlocks: (await headOf(network)) - before })
  }
  return faults
}

/** The block of this height was made by another proposer, in a later round. */
async function refusedAt(
  { comet }: FaultNetwork,
  height: number,
  { kind, proposer }: { readonly kind: string; readonly proposer: string },
): Promise<void> {
  const rpcUrl = comet.rpcUrls[0] as string
  const [header] = await readHeaders(rpcUrl, height, height)
  const { lastRound } = await readBody(rpcUrl, height + 1)
  if (header === undefined || header.proposer === proposer || lastRound < 1) {
    throw new Error(`a block with ${kind} was taken: ${JSON.stringify({ header, lastRound })}`)
  }
}

/** Ways to spoil a proposal whose first transaction carries σ_h. */
function spoilers(blsSecret: Uint8Array): Readonly<Record<string, Spoil>> {
  const other = encodeRandomnessTx(blsSign(blsSecret, new Uint8Array(32)))
  const garbage = Uint8Array.of(0xff, 0, 1, 2, 3)
  return {
    wrong_sigma: ([, ...txs]) => [other, ...txs],
    altered_sigma: ([first = garbage, ...txs]) => [altered(first), ...txs],
    no_sigma: ([, ...txs]) => [...txs, garbage],
    late_sigma: ([first = garbage, ...txs]) => [garbage, ...txs, first],
    two_sigmas: ([first = garbage, ...txs]) => [first, first, ...txs],
    garbage: (txs) => [...txs, garbage],
    too_many: ([first = garbage]) => [
      first,
      ...Array.from({ length: 1_000 }, (_none, at) => Uint8Array.of(1, at >> 8, at & 255)),
    ],
  }
}

function altered(tx: Uint8Array): Uint8Array {
  const sigma = decodeRandomnessTx(tx)?.slice() ?? new Uint8Array(96)
  sigma[95] = (sigma[95] as number) ^ 1
  return encodeRandomnessTx(sigma)
}

/** A new node joins from a snapshot. @returns the first block that it has */
export async function joinBySnapshot(network: FaultNetwork): Promise<Fault & { readonly firstHeight: number }> {
  const { comet } = network
  const late = comet.nodes[NODE.late] as CometTestNode
  const trustHeight = Math.max(1, (await headOf(network)) - 5)
  const [trusted] = await readHeaders(comet.rpcUrls[0] as string, trustHeight, trustHeight)
  const settings = readNodeSettings(late.home)
  if (trusted === undefined || settings === undefined) {
    throw new Error('there is nothing to trust yet')
  }
  const rpcServers = comet.rpcUrls.slice(0, 2)
  writeNodeSettings(late.home, {
    ...settings,
    stateSync: { rpcServers, trustHeight, trustHash: trusted.hash, trustHours: 168 },
  })
  const before = await headOf(network)
  await comet.start(`node-${NODE.late}`)
  const recoveredBlocks = await caughtUp(network, NODE.late, before)
  const firstHeight = await firstBlockOf(late.rpcUrl)
  if (firstHeight <= 1) {
    throw new Error('the new node replayed the chain from its first block')
  }
  return { kind: 'state_sync', node: NODE.late, recoveredBlocks, firstHeight }
}

async function firstBlockOf(rpcUrl: string): Promise<number> {
  const response = await fetch(`${rpcUrl}/status`)
  const text = await response.text()
  return Number(/"earliest_block_height":\s*"([0-9]+)"/.exec(text)?.[1] ?? '0')
}

function running({ comet }: FaultNetwork): number[] {
  return comet.nodes.flatMap(({ index, comet: engine }) => (engine.isRunning ? [index] : []))
}

/** Greatest height among the nodes that run, without those named. */
async function headOf(network: FaultNetwork, without: readonly number[] = []): Promise<number> {
  const nodes = running(network).filter((index) => !without.includes(index))
  return Math.max(...(await network.comet.heights(nodes)))
}

/** Waits until the node has what the others have. @returns blocks that passed since `before` */
async function caughtUp(network: FaultNetwork, node: number, before: number): Promise<number> {
  let head = before
  await waitFor(
    `node ${node} to be at the head`,
    async () => {
      head = await headOf(network, [node])
      const [own = 0] = await network.comet.heights([node])
      return head > before && own >= head - 1
    },
    { deadlineMs: RECOVERY_DEADLINE_MS, everyMs: 200 },
  )
  return head - before
}
