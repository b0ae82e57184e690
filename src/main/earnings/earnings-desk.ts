/**
 * What this host earned in each epoch, for the screen: the why-ledger read once and remembered, with the time of each epoch and
 * the machine that acted in it. Invariant: an answer's epochs, totals and `missing` are of one moment, so they add up; after the
 * first reading a new epoch costs one page of the ledger. Nothing is kept over a restart: the chain keeps the newest 1,000 entries
 * of a host, and what it dropped is said in `missing`. Read next: earnings-book.ts, ../core/desks.ts.
 */
import type { EarningEpoch, EarningSums, EarningsInput, EarningsPage } from '../../ipc/wires/earnings-wire.ts'
import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import type { HostRecord, QueryEpochResponse, QueryLedgerResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import type { Params } from '../../protocol/params.ts'
import { epochHeights, epochOfHeight } from '../../protocol/params.ts'
import type { ClosableChainPort } from '../chain-port.ts'
import type { BlockTimes } from './block-times.ts'
import { createBlockTimes } from './block-times.ts'
import type { EarningsBook, Sums } from './earnings-book.ts'
import { createEarningsBook } from './earnings-book.ts'
import { emissionSharePpm } from './emission-share.ts'

export interface EarningsDeskComponents {
  readonly chain: Pick<ClosableChainPort, 'params' | 'epoch' | 'ledger' | 'history'>
  readonly ownerAddress: string
  /** This host's record as the chain said it last. */
  readonly record: () => HostRecord | undefined
  readonly logger: Logger
}

export type EarningsDesk = (input: EarningsInput, signal: AbortSignal) => Promise<EarningsPage>

const MAX_EPOCHS = 20_000
/** Pages of one reading; the chain keeps two. */
const MAX_PAGES = 16

interface Device {
  readonly address: string
  readonly name: string
}

export function createEarningsDesk(components: EarningsDeskComponents): EarningsDesk {
  const state = new DeskState(components)
  let tail: Promise<unknown> = Promise.resolve()
  // One at a time: two readings would take the same page twice for nothing.
  return (input, signal) => {
    const turn = tail.then(() => state.answer(input, signal))
    tail = turn.catch(() => undefined)
    return turn
  }
}

class DeskState {
  readonly #components: EarningsDeskComponents
  #params: Params | undefined
  #book: EarningsBook | undefined
  #times: BlockTimes | undefined
  #registrations: { readonly epoch: number; readonly devices: readonly (Device & { height: number })[] } | undefined

  constructor(components: EarningsDeskComponents) {
    this.#components = components
  }

  async answer(input: EarningsInput, signal: AbortSignal): Promise<EarningsPage> {
    const { chain } = this.#components
    const params = await this.#loadParams(signal)
    const now = await chain.epoch(signal)
    const running = Number(now.epoch)
    const { book, ledger } = await this.#readLedger(params, signal)
    const before = input.beforeEpoch ?? Number.MAX_SAFE_INTEGER
    const known = withRunning(book.epochs(), running, this.#components.record()).filter((epoch) => epoch < before)
    const shown = known.slice(0, input.limit)
    this.#times ??= createBlockTimes(chain.history, params.blockTimeMs)
    await this.#times.load(heightsOf(params, shown, running, Number(now.height)), signal)
    await this.#loadDevices(running, signal)
    const totals = totalsOf(ledger)
    return {
      epochs: shown.map((epoch) => this.#epoch(params, epoch, now, book)),
      hasMore: known.length > shown.length,
      epochMs: params.epochLength * params.blockTimeMs,
      totals: encodeSums(totals),
      missing: { ...encodeSums(difference(totals, book.sums())), entries: book.missingEntries().toString() },
      completeFromEpoch: book.completeFromEpoch(),
    }
  }

  async #loadParams(signal: AbortSignal): Promise<Params> {
    this.#params ??= await this.#components.chain.params(signal)
    return this.#params
  }

  /** Reads on from the last entry that was read, to the newest. */
  async #readLedger(
    params: Params,
    signal: AbortSignal,
  ): Promise<{ readonly book: EarningsBook; readonly ledger: QueryLedgerResponse }> {
    const { chain, ownerAddress } = this.#components
    let book = this.#book ?? newBook(params)
    this.#book = book
    for (let page = 0; page < MAX_PAGES; page++) {
      const ledger = await chain.ledger(ownerAddress, book.nextSequence(), signal)
      if (ledger.lastSequence + 1n < book.nextSequence()) {
        // Fewer entries than were read: another chain behind the same address, or one that began anew.
        book = newBook(params)
        this.#book = book
        this.#times = undefined
        continue
      }
      book.take(ledger.entries)
      if (book.nextSequence() > ledger.lastSequence) {
        return { book, ledger }
      }
      if (ledger.entries.length === 0) {
        break
      }
    }
    throw new CodedError('malformed_answer', 'the ledger has no end')
  }

  /** Once in an epoch. Where the node cannot search, the present device stands for all epochs. */
  async #loadDevices(running: number, signal: AbortSignal): Promise<void> {
    const { chain, ownerAddress, logger } = this.#components
    if (this.#registrations?.epoch === running) {
      return
    }
    try {
      const found = await chain.history.registrations(ownerAddress, signal)
      const devices = found.map(({ height, deviceAddress, moniker }) => ({
        height,
        address: deviceAddress,
        name: moniker,
      }))
      this.#registrations = { epoch: running, devices }
    } catch (error) {
      signal.throwIfAborted()
      logger.log('debug', 'registrations not read', { error: errorMessage(error) })
    }
  }

  #epoch(params: Params, epoch: number, now: QueryEpochResponse, book: EarningsBook): EarningEpoch {
    const running = Number(now.epoch)
    const { startHeight, raceEndHeight, closeHeight } = epochHeights(params, epoch)
    const isClosed = epoch < running
    const record = this.#components.record()
    const lines = [...book.lines(epoch)]
    const newest = { height: Number(now.height), atMs: Number(now.blockTimeMs) }
    const startedAtMs = this.#times?.at(Math.max(1, startHeight), newest) ?? newest.atMs
    const endedAtMs = isClosed ? (this.#times?.at(closeHeight, newest) ?? newest.atMs) : newest.atMs
    return {
      epoch,
      startedAtMs: Math.min(startedAtMs, endedAtMs),
      endedAtMs,
      isClosed,
      device: this.#deviceAt(raceEndHeight, record),
      weightPpm: isClosed ? emissionSharePpm(lines, params.emissionPerEpoch) : Number(record?.weightPpm ?? 0n),
      lines,
    }
  }

  /** The one registered when the race ended; a host that registered only afterwards, or before what was found, is its oldest. */
  #deviceAt(raceEndHeight: number, record: HostRecord | undefined): Device {
    const devices = this.#registrations?.devices ?? []
    const found = devices.find(({ height }) => height <= raceEndHeight) ?? devices.at(-1)
    const { address, name } = found ?? { address: record?.deviceAddress ?? '', name: record?.moniker ?? '' }
    return { address, name: name.slice(0, 64) }
  }
}

function newBook(params: Params): EarningsBook {
  return createEarningsBook({ epochOfHeight: (height) => epochOfHeight(params, height), maxEpochs: MAX_EPOCHS })
}

/** The running epoch is shown from its first block on, where this owner has a host at all. */
function withRunning(epochs: readonly number[], running: number, record: HostRecord | undefined): readonly number[] {
  const isShown = epochs[0] !== running && (record !== undefined || epochs.length > 0)
  return isShown ? [running, ...epochs] : epochs
}

function heightsOf(params: Params, epochs: readonly number[], running: number, height: number): readonly number[] {
  return epochs
    .flatMap((epoch) => {
      const { startHeight, closeHeight } = epochHeights(params, epoch)
      return epoch < running ? [Math.max(1, startHeight), closeHeight] : [Math.max(1, startHeight)]
    })
    .filter((each) => each <= height)
}

function totalsOf(ledger: QueryLedgerResponse): Sums {
  return {
    held: BigInt(ledger.totalHeld || '0'),
    credited: BigInt(ledger.totalCredited || '0'),
    bonded: BigInt(ledger.totalBonded || '0'),
    debitedHeld: BigInt(ledger.totalDebitedHeld || '0'),
    debitedBond: BigInt(ledger.totalDebitedBond || '0'),
  }
}

function difference(totals: Sums, kept: Sums): Sums {
  const less = (name: keyof Sums) => (totals[name] > kept[name] ? totals[name] - kept[name] : 0n)
  return {
    held: less('held'),
    credited: less('credited'),
    bonded: less('bonded'),
    debitedHeld: less('debitedHeld'),
    debitedBond: less('debitedBond'),
  }
}

function encodeSums(sums: Sums): EarningSums {
  return {
    held: sums.held.toString(),
    credited: sums.credited.toString(),
    bonded: sums.bonded.toString(),
    debitedHeld: sums.debitedHeld.toString(),
    debitedBond: sums.debitedBond.toString(),
  }
}
