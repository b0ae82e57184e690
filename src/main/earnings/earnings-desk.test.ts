import { describe, expect, it } from 'vitest'
import { earningsPageSchema } from '../../ipc/wires/earnings-wire.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import type { LedgerEntry, QueryEpochResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import { QueryEpochResponse as EpochCodec, HostRecord } from '../../protocol/gen/tailrace/v1/query.ts'
import { LOCAL_PARAMS } from '../../protocol/params.ts'
import { createEarningsDesk } from './earnings-desk.ts'

const never = new AbortController().signal
const KEPT = 1_000
const PAGE = 500
const GENESIS_MS = 1_700_000_000_000
const LENGTH = LOCAL_PARAMS.epochLength

/** A chain that writes a ledger, keeps its newest entries and knows its block times. */
class LedgerChain {
  readonly asked: string[] = []
  entries: LedgerEntry[] = []
  height = 1
  prunedBelow = 0
  registrations = [{ height: 3, deviceAddress: 'tail1first', moniker: 'old laptop' }]

  /** What one epoch of a host that races writes at its close. */
  closeEpoch(epoch: number, share = 20_000_000n): void {
    this.height = (epoch + 1) * LENGTH - 1
    this.#write(epoch, 'weight', 77n, 'race_verified')
    this.#write(epoch, 'hold', share, 'emission_share')
    this.#write(epoch, 'bond', share / 5n, 'bond_kept')
    this.#write(epoch, 'credit', share - share / 5n, 'hold_released')
  }

  #write(epoch: number, kind: string, amount: bigint, reason: string): void {
    const sequence = BigInt(this.entries.length + 1)
    const position = { sequence, height: BigInt(this.height), epoch: BigInt(epoch) }
    this.entries.push({ ...position, kind, amount: amount.toString(), reason, txHash: '' })
  }

  total(kind: string): string {
    return this.entries
      .filter((entry) => entry.kind === kind)
      .reduce((sum, { amount }) => sum + BigInt(amount), 0n)
      .toString()
  }

  readonly params = async () => LOCAL_PARAMS

  readonly epoch = async (): Promise<QueryEpochResponse> =>
    EpochCodec.fromPartial({
      height: BigInt(this.height),
      epoch: BigInt(Math.floor((this.height + 1) / LENGTH)),
      blockTimeMs: BigInt(this.timeAt(this.height)),
    })

  readonly ledger = async (_owner: string, fromSequence: bigint) => {
    this.asked.push(`ledger ${fromSequence}`)
    const kept = this.entries.slice(-KEPT)
    return {
      entries: kept.filter(({ sequence }) => sequence >= fromSequence).slice(0, PAGE),
      lastSequence: BigInt(this.entries.length),
      totalHeld: this.total('hold'),
      totalCredited: this.total('credit'),
      totalBonded: this.total('bond'),
      totalDebitedHeld: '0',
      totalDebitedBond: '0',
    }
  }

  readonly history = {
    blockTimes: async (heights: readonly number[]) => {
      this.asked.push(`times ${heights.length}`)
      const known = heights.filter((height) => height <= this.height && height >= this.prunedBelow)
      return new Map(known.map((height) => [height, this.timeAt(height)]))
    },
    registrations: async () => this.registrations,
  }

  timeAt(height: number): number {
    // Blocks a little late, so that an estimate differs from what was.
    return GENESIS_MS + height * (LOCAL_PARAMS.blockTimeMs + 20)
  }
}

function deskOf(chain: LedgerChain) {
  const record = HostRecord.fromPartial({ deviceAddress: 'tail1now', moniker: 'this computer', weightPpm: 250_000n })
  return createEarningsDesk({ chain, ownerAddress: 'tail1owner', record: () => record, logger: SILENT_LOGGER })
}

describe('the earnings of a host', () => {
  it('are given by epoch, newest first, with their times, and add up to the totals', async () => {
    const chain = new LedgerChain()
    for (let epoch = 1; epoch <= 5; epoch++) {
      chain.closeEpoch(epoch)
    }
    chain.height += 10
    const page = await deskOf(chain)({ limit: 400 }, never)
    expect(earningsPageSchema.parse(page)).toEqual(page)
    expect(page.epochs.map(({ epoch, isClosed }) => [epoch, isClosed])).toEqual([
      [6, false],
      [5, true],
      [4, true],
      [3, true],
      [2, true],
      [1, true],
    ])
    const [running, last] = page.epochs
    expect(running).toMatchObject({ weightPpm: 250_000, endedAtMs: chain.timeAt(chain.height), lines: [] })
    expect(last).toMatchObject({ weightPpm: 200_000, startedAtMs: chain.timeAt(200), endedAtMs: chain.timeAt(239) })
    expect(last?.lines).toEqual([
      { kind: 'hold', reason: 'emission_share', amount: '20000000', entries: 1 },
      { kind: 'bond', reason: 'bond_kept', amount: '4000000', entries: 1 },
      { kind: 'credit', reason: 'hold_released', amount: '16000000', entries: 1 },
    ])
    expect(page.totals).toMatchObject({ held: '100000000', credited: '80000000', bonded: '20000000' })
    expect(page.missing).toMatchObject({ held: '0', entries: '0' })
    expect(page).toMatchObject({ hasMore: false, epochMs: 40_000, completeFromEpoch: 0 })
  })

  it('cost one page of the ledger for each new epoch', async () => {
    const chain = new LedgerChain()
    for (let epoch = 1; epoch <= 200; epoch++) {
      chain.closeEpoch(epoch)
    }
    const desk = deskOf(chain)
    await desk({ limit: 400 }, never)
    expect(chain.asked.filter((name) => name.startsWith('ledger'))).toEqual(['ledger 1', 'ledger 501'])
    chain.asked.length = 0
    chain.closeEpoch(201)
    const page = await desk({ limit: 400 }, never)
    expect(chain.asked).toEqual(['ledger 801', 'times 2'])
    expect(page.epochs).toHaveLength(202)
    await Promise.all([desk({ limit: 5 }, never), desk({ limit: 5 }, never)])
    expect(chain.asked.slice(2)).toEqual(['ledger 805', 'ledger 805'])
  })

  it('say what is missing after a restart on a chain that dropped old entries, and keep it while they run', async () => {
    const chain = new LedgerChain()
    const desk = deskOf(chain)
    for (let epoch = 1; epoch <= 300; epoch++) {
      chain.closeEpoch(epoch, BigInt(epoch))
      if (epoch % 100 === 0) {
        await desk({ limit: 1 }, never)
      }
    }
    const whole = await desk({ limit: 400 }, never)
    expect(whole.missing.entries).toBe('0')
    expect(whole.epochs).toHaveLength(301)
    const part = await deskOf(chain)({ limit: 400 }, never)
    expect(part.missing.entries).toBe('200')
    expect(part.totals).toEqual(whole.totals)
    expect(part.completeFromEpoch).toBe(52)
    expect(part.epochs.filter(({ epoch }) => epoch >= 52)).toEqual(whole.epochs.filter(({ epoch }) => epoch >= 52))
    const shown = part.epochs.flatMap(({ lines }) => lines).filter(({ kind }) => kind === 'hold')
    const sum = shown.reduce((total, { amount }) => total + BigInt(amount), 0n)
    expect(sum + BigInt(part.missing.held)).toBe(BigInt(part.totals.held))
  })

  it('come in pages', async () => {
    const chain = new LedgerChain()
    for (let epoch = 1; epoch <= 9; epoch++) {
      chain.closeEpoch(epoch)
    }
    const desk = deskOf(chain)
    const first = await desk({ limit: 4 }, never)
    const second = await desk({ limit: 400, beforeEpoch: 7 }, never)
    expect(first.epochs.map(({ epoch }) => epoch)).toEqual([10, 9, 8, 7])
    expect(first.hasMore).toBe(true)
    expect(second.epochs.map(({ epoch }) => epoch)).toEqual([6, 5, 4, 3, 2, 1])
    expect(second.hasMore).toBe(false)
  })

  it('name the machine that acted in each epoch', async () => {
    const chain = new LedgerChain()
    for (let epoch = 1; epoch <= 3; epoch++) {
      chain.closeEpoch(epoch)
    }
    chain.registrations = [{ height: 85, deviceAddress: 'tail1second', moniker: 'desktop' }, ...chain.registrations]
    const { epochs } = await deskOf(chain)({ limit: 10 }, never)
    expect(epochs.map(({ device }) => device.name)).toEqual(['desktop', 'desktop', 'desktop', 'old laptop'])
    chain.registrations = []
    const unregistered = await deskOf(chain)({ limit: 10 }, never)
    expect(unregistered.epochs[3]?.device).toEqual({ address: 'tail1now', name: 'this computer' })
  })

  it('count the time from the nearest known block where the node has pruned it', async () => {
    const chain = new LedgerChain()
    for (let epoch = 1; epoch <= 4; epoch++) {
      chain.closeEpoch(epoch)
    }
    chain.prunedBelow = 150
    const { epochs } = await deskOf(chain)({ limit: 10 }, never)
    const oldest = epochs.at(-1)
    expect(oldest?.endedAtMs).toBe(chain.timeAt(159) - 80 * LOCAL_PARAMS.blockTimeMs)
    expect(oldest?.startedAtMs).toBeLessThan(oldest?.endedAtMs ?? 0)
  })

  it('begin anew where the chain did', async () => {
    const chain = new LedgerChain()
    chain.closeEpoch(1)
    chain.closeEpoch(2)
    const desk = deskOf(chain)
    await desk({ limit: 10 }, never)
    chain.entries = []
    chain.closeEpoch(1, 7n)
    const page = await desk({ limit: 10 }, never)
    expect(page.totals.held).toBe('7')
    expect(page.epochs.map(({ epoch }) => epoch)).toEqual([2, 1])
  })

  it('refuse a ledger without end', async () => {
    const chain = new LedgerChain()
    chain.closeEpoch(1)
    const endless = { ...chain, ledger: async () => ({ ...(await chain.ledger('', 1n)), lastSequence: 10n ** 9n }) }
    const desk = createEarningsDesk({
      chain: { ...endless, history: chain.history },
      ownerAddress: 'tail1owner',
      record: () => undefined,
      logger: SILENT_LOGGER,
    })
    expect(errorCode(await desk({ limit: 1 }, never).catch((error: unknown) => error))).toBe('malformed_answer')
  })
})
