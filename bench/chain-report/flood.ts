import type { TypedMessage } from '../../src/protocol/messages.ts'
import { TX_LIMITS } from '../../src/protocol/tx.ts'
import { setPayoutMessage } from '../../test/support/chain/chain-duties.ts'
import type { Actor, HostActor } from '../../test/support/chain/chain-harness.ts'
import { actorNamed, hostNamed, send, signTx } from '../../test/support/chain/chain-harness.ts'
import type { FloodRpc } from './flood-rpc.ts'
import { hashName, openRpc } from './flood-rpc.ts'
import type { FloodEngine } from './flood-targets.ts'
import { startTarget } from './flood-targets.ts'

/** Blocks of a node before and while everybody sends it as much as it takes. */
export interface FloodReport {
  readonly engine: FloodEngine
  readonly calm: BlockTimes
  readonly flood: BlockTimes
  /** Mean interval in the flood ÷ mean interval before: the bar is 2. */
  readonly ratio: number
  readonly duties: {
    readonly sent: number
    readonly included: number
    /** Blocks from the newest one when it was sent to the one that holds it; 1 is the next one. */
    readonly meanBlocks: number
    readonly maxBlocks: number
  }
  readonly valid: Offered
  readonly invalid: Offered
  /** Payments in blocks of the flood. */
  readonly executed: number
  readonly seconds: number
}

interface BlockTimes {
  readonly blocks: number
  readonly meanMs: number
  readonly maxMs: number
}

interface Offered {
  readonly offered: number
  readonly accepted: number
}

export interface FloodOptions {
  readonly engine: FloodEngine
  readonly valid: number
  readonly invalid: number
  readonly connections: number
  readonly calmBlocks: number
}

const SENDS_PER_ACCOUNT = 50
const FUNDED_PER_TX = 8
const FUNDS = 1_000_000n
const SAMPLE_MS = 50

export async function measureFlood(options: FloodOptions): Promise<FloodReport> {
  const startMs = performance.now()
  const hosts = [0, 1, 2].map((at) => hostNamed(`flood host ${at}`))
  const spammers = Array.from({ length: Math.ceil(options.valid / SENDS_PER_ACCOUNT) }, (_, at) =>
    actorNamed(`flood ${at}`),
  )
  const target = await startTarget(options.engine, hosts)
  const rpc = openRpc(target.rpcUrl, options.connections)
  const quiet = openRpc(target.rpcUrl, 4)
  try {
    const sign = signerOf(target.chainId)
    await fund(quiet, sign, target.developer, spammers)
    const valid = spammers.flatMap((spammer) => paymentsOf(sign, spammer)).slice(0, options.valid)
    const calmFrom = await quiet.height()
    await untilHeight(quiet, calmFrom + options.calmBlocks)
    const floodFrom = await quiet.height()
    const duties = steadyDuties(quiet, sign, hosts)
    const counts = await floodWith(rpc, valid, invalidOf(sign, spammers, options.invalid), options.connections)
    const sent = await duties.stop()
    const floodTo = await quiet.height()
    await untilHeight(quiet, floodTo + 2)
    const blocks = await readBlocks(quiet, calmFrom, floodTo + 2)
    const calm = blockTimes(blocks, calmFrom, floodFrom)
    const flood = blockTimes(blocks, floodFrom, floodTo)
    return {
      engine: options.engine,
      calm,
      flood,
      ratio: flood.meanMs / calm.meanMs,
      duties: dutyReport(blocks, sent),
      ...counts,
      executed: countOf(blocks, new Set(valid.map(hashName))),
      seconds: (performance.now() - startMs) / 1_000,
    }
  } finally {
    rpc.close()
    quiet.close()
    await target.stop()
  }
}

type Sign = (from: Actor, messages: readonly TypedMessage[], sequence: bigint, fee?: bigint) => Uint8Array

function signerOf(chainId: string): Sign {
  return (from, messages, sequence, fee = 0n) => signTx(from, messages, { chainId, sequence, fee })
}

async function fund(rpc: FloodRpc, sign: Sign, developer: Actor, spammers: readonly Actor[]): Promise<void> {
  let sequence = 0n
  for (let at = 0; at < spammers.length; at += FUNDED_PER_TX) {
    const messages = spammers.slice(at, at + FUNDED_PER_TX).map((spammer) => send(developer, spammer, FUNDS))
    const tx = sign(developer, messages, sequence)
    // The pool takes so many of one signer: what it refuses is offered again after a block.
    while ((await rpc.broadcast(tx)) !== 0) {
      await untilHeight(rpc, (await rpc.height()) + 1)
    }
    sequence += 1n
  }
  await untilHeight(rpc, (await rpc.height()) + 2)
}

/** Of all fees from 1 to 100, so that the order of fees has something to choose from. */
function paymentsOf(sign: Sign, spammer: Actor): Uint8Array[] {
  return Array.from({ length: SENDS_PER_ACCOUNT }, (_, at) =>
    sign(spammer, [send(spammer, actorNamed('flood target'), 1n)], BigInt(at), BigInt(1 + ((at * 37) % 100))),
  )
}

/** In turns: no transaction at all, one with a wrong signature, one with a sequence far ahead, one that is too large. */
function* invalidOf(sign: Sign, spammers: readonly Actor[], count: number): Generator<Uint8Array> {
  const [first] = spammers
  const ahead = first === undefined ? new Uint8Array(0) : sign(first, [send(first, first, 1n)], 10_000n)
  for (let at = 0; at < count; at++) {
    const spammer = spammers[at % spammers.length] as Actor
    switch (at % 4) {
      case 0:
        yield new Uint8Array(200).fill(1 + (at % 250))
        break
      case 1:
        yield forged(sign, spammer, at)
        break
      case 2:
        yield salted(ahead, at)
        break
      default:
        yield at % 400 === 3 ? new Uint8Array(TX_LIMITS.bytes + 1) : salted(ahead, at)
    }
  }
}

const drafts = new Map<Actor, Uint8Array>()

/** Each with other bytes in place of the signature, and the sequence that is expected at the beginning: it has to be verified. */
function forged(sign: Sign, spammer: Actor, at: number): Uint8Array {
  const draft = drafts.get(spammer) ?? sign(spammer, [send(spammer, spammer, 1n)], 0n, 100n)
  drafts.set(spammer, draft)
  return salted(draft, at)
}

function salted(tx: Uint8Array, salt: number): Uint8Array {
  const bent = tx.slice()
  for (let byte = 0; byte < 3; byte++) {
    bent[bent.length - 2 - byte] = (salt >> (8 * byte)) & 255
  }
  return bent
}

/** Each host one duty after the other, each when the last one stands in a block. */
function steadyDuties(
  rpc: FloodRpc,
  sign: Sign,
  hosts: readonly HostActor[],
): { stop(): Promise<Map<string, number>> } {
  const sent = new Map<string, number>()
  let isOver = false
  const running = hosts.map(async ({ owner }) => {
    for (let sequence = 0n; !isOver; sequence++) {
      const payout = sequence % 2n === 0n ? actorNamed('flood target').address : ''
      const tx = sign(owner, [setPayoutMessage(owner.address, payout)], sequence)
      const height = await rpc.height()
      const code = await rpc.broadcast(tx)
      if (code !== 0) {
        throw new Error(`a duty was refused in the flood: ${code}`)
      }
      sent.set(hashName(tx), height)
      await untilHeight(rpc, height + 2)
    }
  })
  return {
    async stop() {
      isOver = true
      await Promise.all(running)
      return sent
    },
  }
}

/** Both kinds in turns, over all connections at once. */
async function floodWith(
  rpc: FloodRpc,
  valid: readonly Uint8Array[],
  invalid: Generator<Uint8Array>,
  connections: number,
): Promise<{ valid: Offered; invalid: Offered }> {
  const counts = { valid: { offered: 0, accepted: 0 }, invalid: { offered: 0, accepted: 0 } }
  const offer = async (kind: keyof typeof counts, tx: Uint8Array): Promise<void> => {
    counts[kind].offered += 1
    const code = await rpc.broadcast(tx)
    counts[kind].accepted += code === 0 ? 1 : 0
  }
  // A signer's payments over one connection: they come in the order of its sequences.
  const accounts = Math.ceil(valid.length / SENDS_PER_ACCOUNT)
  const worker = async (from: number): Promise<void> => {
    for (let round = 0; round < SENDS_PER_ACCOUNT; round++) {
      for (let account = from; account < accounts; account += connections) {
        const payment = valid[account * SENDS_PER_ACCOUNT + round]
        const next = invalid.next()
        if (payment !== undefined) {
          await offer('valid', payment)
        }
        if (next.done !== true) {
          await offer('invalid', next.value)
        }
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, at) => worker(at)))
  return counts
}

interface SeenBlock {
  readonly height: number
  readonly timeMs: number
  readonly hashes: readonly string[]
}

async function readBlocks(rpc: FloodRpc, from: number, to: number): Promise<SeenBlock[]> {
  const blocks: SeenBlock[] = []
  for (let height = from; height <= to; height++) {
    blocks.push({ height, ...(await rpc.block(height)) })
  }
  return blocks
}

function blockTimes(blocks: readonly SeenBlock[], from: number, to: number): BlockTimes {
  const own = blocks.filter(({ height }) => height >= from && height <= to)
  const intervals = own.slice(1).map(({ timeMs }, at) => timeMs - (own[at] as SeenBlock).timeMs)
  const sum = intervals.reduce((total, interval) => total + interval, 0)
  return { blocks: intervals.length, meanMs: sum / intervals.length, maxMs: Math.max(...intervals) }
}

function dutyReport(blocks: readonly SeenBlock[], sent: ReadonlyMap<string, number>): FloodReport['duties'] {
  const waits = blocks.flatMap(({ height, hashes }) =>
    hashes.flatMap((hash) => {
      const sentAt = sent.get(hash)
      return sentAt === undefined ? [] : [height - sentAt]
    }),
  )
  const sum = waits.reduce((total, wait) => total + wait, 0)
  return { sent: sent.size, included: waits.length, meanBlocks: sum / waits.length, maxBlocks: Math.max(0, ...waits) }
}

function countOf(blocks: readonly SeenBlock[], names: ReadonlySet<string>): number {
  return blocks.reduce((count, { hashes }) => count + hashes.filter((hash) => names.has(hash)).length, 0)
}

async function untilHeight(rpc: FloodRpc, height: number): Promise<void> {
  while ((await rpc.height()) < height) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
  }
}
