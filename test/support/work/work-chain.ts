/**
 * A chain for tests of paid work: escrows, lanes, batches, draws and openings as decisions 0009 says, at a block when the test
 * says so, with faults of the line on demand. It judges what comes in with the protocol's own functions; that the real state
 * machine judges alike is shown beside src/chain.
 */
import type { BlockNotice, ChainPort, HostRecord, TxOutcome } from '../../../src/host/ports.ts'
import type { WorkChainPort } from '../../../src/host/work/ports.ts'
import { equalBytes, toHex, u64be } from '../../../src/lib/bytes.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../../../src/lib/runtime.ts'
import { decodeAddress } from '../../../src/protocol/address.ts'
import { QueryEpochResponse, QueryWorkDutiesResponse } from '../../../src/protocol/gen/tailrace/v1/query.ts'
import type { CheckState, EscrowState, RosterState, ServiceState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import {
  BatchState,
  CheckState as CheckStates,
  EscrowState as EscrowStates,
  ServiceState as ServiceStates,
} from '../../../src/protocol/gen/tailrace/v1/state.ts'
import type {
  MsgOpenReceipts,
  MsgPostWork,
  MsgServeModels,
  MsgSubmitBatch,
} from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import type { WorkData } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import { MESSAGE_KINDS } from '../../../src/protocol/messages.ts'
import type { Params } from '../../../src/protocol/params.ts'
import { epochHeights, epochOfHeight, stageOfHeight } from '../../../src/protocol/params.ts'
import { drawCustodian, drawPoints, verifyBatchLeaf } from '../../../src/protocol/work/batch.ts'
import type { LaneToJudge } from '../chain/chain-judgement.ts'
import { availableOf, hasItsVoucher, lanesFault } from '../chain/chain-judgement.ts'
import { TEST_CHAIN_ID } from '../host-chain.ts'
import type { TestKey } from './fixtures.ts'
import { WORK_MODEL } from './fixtures.ts'

export const MODEL_PRICE = 1_000_000n
const PASS_BLOCKS = 2

/** What happens to a transaction of a host: `lost_before` is never executed, `lost_after` is, and nobody hears of it. */
export type LineFault = 'lost_before' | 'lost_after'

interface Waiting {
  readonly message: TypedMessage
  readonly owner: string
  readonly settle: (outcome: TxOutcome) => void
}

interface OwnedLane {
  accepted: bigint
  sequence: bigint
}

export class WorkChain {
  readonly params: Params
  readonly hosts = new Map<string, HostRecord>()
  readonly escrows = new Map<string, EscrowState>()
  readonly lanes = new Map<string, OwnedLane>()
  readonly services = new Map<string, ServiceState[]>()
  readonly batches: BatchState[] = []
  readonly checks = new Map<bigint, CheckState[]>()
  readonly posted = new Map<string, WorkData>()
  readonly executed: { readonly height: number; readonly action: string; readonly log: string }[] = []
  /** Points drawn of each batch. */
  pointsPerBatch = 2
  price = MODEL_PRICE
  /** Batches stay in check, as those whose epoch has not closed. */
  keepsOpen = false
  /** Points whose data a verifier says it found nowhere. */
  demandPoints = false
  /** Faults of the next transactions of this message name, first one first. */
  readonly lineFaults: { readonly action: string; readonly fault: LineFault }[] = []
  isOut = false
  /** Hex payers whose lanes are refused, whatever the escrow query says. */
  readonly refusedPayers = new Set<string>()
  readonly #clock: Clock
  readonly #onActivity: () => void
  readonly #listeners = new Set<(block: BlockNotice) => void>()
  readonly #rosters: { readonly height: number; readonly entries: RosterState['entries'] }[] = []
  readonly #held: Waiting[] = []
  #mempool: Waiting[] = []
  #height = 0

  constructor(params: Params, clock: Clock, onActivity: () => void) {
    this.params = params
    this.#clock = clock
    this.#onActivity = onActivity
  }

  height(): number {
    return this.#height
  }

  deposit(payer: TestKey, amount: bigint, over: Partial<EscrowState> = {}): void {
    const terms = { sessionPubkey: payer.publicKey, owner: payer.bytes, expiryHeight: 100_000n }
    const money = { deposited: amount, guarantee: amount / 10n }
    const escrow = EscrowStates.fromPartial({ payer: payer.bytes, ...terms, ...money, ...over })
    this.escrows.set(toHex(payer.bytes), escrow)
  }

  escrowOf(payer: TestKey): EscrowState {
    const escrow = this.escrows.get(toHex(payer.bytes))
    if (escrow === undefined) {
      throw new CodedError('unknown_escrow', 'no such escrow')
    }
    return escrow
  }

  randomness(height: number): Uint8Array {
    return sha256(u64be(BigInt(height)))
  }

  /** Who could be drawn at this height. */
  roster(height: number): RosterState['entries'] {
    return this.#rosters.findLast((roster) => roster.height <= height)?.entries ?? []
  }

  produceBlock(): void {
    this.#height += 1
    const waiting = this.#mempool
    this.#mempool = []
    for (const { message, owner, settle } of waiting) {
      const action = message.typeUrl.slice(message.typeUrl.lastIndexOf('.') + 1)
      const hash = toHex(sha256(u64be(BigInt(this.executed.length)))).toUpperCase()
      const log = this.#execute(message, owner, hash)
      this.executed.push({ height: this.#height, action, log })
      settle({ code: log === '' ? 0 : 99, codespace: log === '' ? '' : 'tailrace', log, height: this.#height, hash })
    }
    this.#endBlock()
    for (const listener of [...this.#listeners]) {
      if (!this.isOut) {
        listener({ height: this.#height, timeMs: this.#clock.nowMs() })
      }
    }
  }

  /** Forgets what waits for a block, as a node that crashes does. */
  dropMempool(): void {
    this.#mempool = []
  }

  /** What waits now is left out of blocks until it is released, as behind a partition. */
  holdMempool(): void {
    this.#held.push(...this.#mempool)
    this.#mempool = []
  }

  releaseHeld(): void {
    this.#mempool.unshift(...this.#held.splice(0))
  }

  port(owner: string): ChainPort {
    const none = async () => []
    return {
      chainId: TEST_CHAIN_ID,
      params: () => this.#over(() => this.params),
      epoch: () => this.#over(() => this.#epoch()),
      host: (address) => this.#over(() => this.hosts.get(address)),
      hosts: () => this.#over(() => [...this.hosts.values()]),
      assignment: none,
      openings: none,
      finds: none,
      ledger: () => Promise.reject(new CodedError('query_failed', 'no ledger here')),
      balance: async () => 0n,
      appHash: async () => undefined,
      submit: (messages, _key, signal) => unlessAborted(this.#submit(messages, owner), signal),
      onBlock: (listener) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      onConnection: (listener) => {
        listener('connected')
        return () => undefined
      },
    }
  }

  work(): WorkChainPort {
    return {
      models: () => this.#over(() => [this.#modelRecord()]),
      escrow: (payer) =>
        this.#over(() => {
          const escrow = this.escrows.get(toHex(payer))
          return { escrow, available: escrow === undefined ? 0n : availableOf(escrow) }
        }),
      lane: (payer, executor) => this.#over(() => this.#lane(payer, executor).accepted),
      roster: (_model, height) => this.#over(() => ({ height: BigInt(height), entries: this.roster(height) })),
      services: (host) =>
        this.#over(() =>
          (this.services.get(host) ?? []).map((service) => ({ service, reputationPpm: 0n, checkPpm: 1_000_000n })),
        ),
      batch: (id) =>
        this.#over(() => ({
          batch: this.batches.find((batch) => batch.id === id),
          checks: [...(this.checks.get(id) ?? [])],
        })),
      batches: (host, fromId) =>
        this.#over(() => {
          const executor = decodeAddress(host)
          return this.batches.filter((batch) => equalBytes(batch.executor, executor) && batch.id >= fromId).slice(0, 50)
        }),
      workDuties: (host) => this.#over(() => this.#duties(host)),
      randomness: (height) => this.#over(() => (height <= this.#height ? this.randomness(height) : undefined)),
      postedWork: async () => undefined,
    }
  }

  async #over<T>(answer: () => T): Promise<T> {
    this.#onActivity()
    await Promise.resolve()
    if (this.isOut) {
      throw new CodedError('chain_unreachable', 'no connection')
    }
    return answer()
  }

  async #submit(messages: readonly TypedMessage[], owner: string): Promise<TxOutcome> {
    this.#onActivity()
    const [message] = messages
    if (message === undefined || this.isOut) {
      throw new CodedError('chain_unreachable', 'no connection')
    }
    const violation = (MESSAGE_KINDS[message.typeUrl].violation as (value: unknown) => string | undefined)(
      message.value,
    )
    if (violation !== undefined) {
      return { code: 18, codespace: 'sdk', log: violation, height: 0, hash: '' }
    }
    const place = this.lineFaults.findIndex(({ action }) => message.typeUrl.endsWith(`.${action}`))
    const [fault] = place < 0 ? [] : this.lineFaults.splice(place, 1)
    if (fault?.fault === 'lost_before') {
      throw new CodedError('chain_unreachable', 'the connection broke')
    }
    const outcome = new Promise<TxOutcome>((settle) => this.#mempool.push({ message, owner, settle }))
    if (fault?.fault === 'lost_after') {
      throw new CodedError('chain_unreachable', 'the connection broke')
    }
    return outcome
  }

  #epoch(): QueryEpochResponse {
    const epoch = epochOfHeight(this.params, this.#height)
    const heights = epochHeights(this.params, epoch)
    return QueryEpochResponse.fromPartial({
      height: BigInt(this.#height),
      epoch: BigInt(epoch),
      stage: stageOfHeight(this.params, this.#height + 1),
      startHeight: BigInt(heights.startHeight),
      raceEndHeight: BigInt(heights.raceEndHeight),
      settleHeight: BigInt(heights.settleHeight),
      closeHeight: BigInt(heights.closeHeight),
      sampleHeight: BigInt(heights.sampleHeight),
      rootDeadlineHeight: BigInt(heights.rootDeadlineHeight),
    })
  }

  #modelRecord() {
    return {
      id: WORK_MODEL,
      manifestHash: new Uint8Array(32),
      contextTokens: 256,
      price: this.price,
      medianValue: 10n,
      hosts: this.roster(this.#height).length,
    }
  }

  #lane(payer: Uint8Array, executor: string): OwnedLane {
    const name = `${toHex(payer)}/${executor}`
    const lane = this.lanes.get(name) ?? { accepted: 0n, sequence: 0n }
    this.lanes.set(name, lane)
    return lane
  }

  #laneFacts(payer: Uint8Array, owner: string): LaneToJudge {
    const escrow = this.escrows.get(toHex(payer))
    const isRefused = this.refusedPayers.has(toHex(payer))
    return { ...this.#lane(payer, owner), escrow, isRefused }
  }

  /** Empty where it was executed, else why not. */
  #execute({ typeUrl, value }: TypedMessage, owner: string, hash: string): string {
    switch (typeUrl) {
      case '/tailrace.v1.MsgServeModels':
        return this.#serve(value, owner)
      case '/tailrace.v1.MsgSubmitBatch':
        return this.#takeBatch(value, owner, hash)
      case '/tailrace.v1.MsgOpenReceipts':
        return this.#open(value)
      case '/tailrace.v1.MsgPostWork':
        return this.#post(value, hash)
      default:
        return ''
    }
  }

  #serve({ offers }: MsgServeModels, owner: string): string {
    this.services.set(
      owner,
      offers.map((offer) => ServiceStates.fromPartial({ ...offer, sinceHeight: BigInt(this.#height) })),
    )
    return ''
  }

  #takeBatch(message: MsgSubmitBatch, owner: string, txHash: string): string {
    const record = this.hosts.get(owner)
    const sum = message.lanes.reduce((total, { payer, to }) => total + to - this.#lane(payer, owner).accepted, 0n)
    if (record === undefined || sum !== message.sum) {
      return 'sum_mismatch: the lanes do not add up'
    }
    const fault = lanesFault(message, record, (payer) => this.#laneFacts(payer, owner), {
      height: this.#height,
      countersignBlocks: this.params.serving.countersignBlocks,
    })
    if (fault !== undefined) {
      return fault
    }
    const lanes = message.lanes.map(({ payer, to, voucher }) => {
      const lane = this.#lane(payer, owner)
      const from = lane.accepted
      const escrow = this.escrows.get(toHex(payer)) as EscrowState
      this.escrows.set(toHex(payer), { ...escrow, paid: escrow.paid + to - from })
      lane.accepted = to
      lane.sequence = maxOf(lane.sequence, voucher?.voucher?.sequence ?? 0n)
      return { payer, from, to, countersigned: voucher === undefined ? from : to }
    })
    for (const { leaf, order } of message.uncountersigned) {
      const lane = this.#lane(leaf?.payer as Uint8Array, owner)
      lane.sequence = maxOf(lane.sequence, order?.order?.sequence ?? 0n)
    }
    const id = BigInt(this.batches.length + 1)
    this.batches.push(
      BatchState.fromPartial({
        id,
        executor: decodeAddress(owner),
        model: message.model,
        epoch: BigInt(epochOfHeight(this.params, this.#height)),
        height: BigInt(this.#height),
        txHash,
        root: message.root,
        sum: message.sum,
        leaves: message.leaves,
        lanes,
        state: 'accepted',
        devicePubkey: record.devicePubkey,
      }),
    )
    return ''
  }

  #open({ batch: id, openings }: MsgOpenReceipts): string {
    const batch = this.batches.find((each) => each.id === id)
    const checks = this.checks.get(id)
    for (const { point, opening } of openings) {
      const check = checks?.find((each) => each.point === point)
      const interval =
        batch === undefined || opening === undefined
          ? undefined
          : verifyBatchLeaf({ hash: batch.root, sum: batch.sum }, batch.leaves, opening)
      if (check?.state !== 'drawn' || interval === undefined) {
        return 'proof_invalid: '
      }
      if (check.offset < interval.start || check.offset >= interval.end) {
        return 'wrong_openings: '
      }
      if (!hasItsVoucher(batch, opening)) {
        return 'receipt_invalid: the voucher of the leaf is missing or is for another one'
      }
      check.opening = opening
      check.state = this.demandPoints ? 'demanded' : 'opened'
      check.deadlineHeight = BigInt(this.#height + this.params.serving.postBlocks)
    }
    return ''
  }

  #post({ batch, point, data }: MsgPostWork, hash: string): string {
    const check = this.checks.get(batch)?.find((each) => each.point === point)
    if (check?.state !== 'demanded' || data === undefined) {
      return 'wrong_duty_state: '
    }
    this.posted.set(hash, data)
    check.state = 'opened'
    check.posted = true
    check.deadlineHeight = BigInt(this.#height + this.params.serving.checkBlocks)
    return ''
  }

  #endBlock(): void {
    const entries = [...this.hosts.values()]
      .filter(({ owner, active }) => active && (this.services.get(owner)?.length ?? 0) > 0)
      .map(({ owner }) => ({
        host: decodeAddress(owner),
        weight: '1',
        numericClass: this.services.get(owner)?.[0]?.numericClass ?? '',
        reputationPpm: 0n,
      }))
    this.#rosters.push({ height: this.#height, entries })
    for (const batch of this.batches.filter(({ state }) => state === 'accepted' || state === 'checking')) {
      this.#advance(batch)
    }
  }

  #advance(batch: BatchState): void {
    const age = this.#height - Number(batch.height)
    if (age === 1) {
      const candidates = [...this.hosts.keys()].map((owner) => ({ address: decodeAddress(owner), weight: 1n }))
      batch.custodian =
        drawCustodian(this.randomness(this.#height), batch.id, batch.executor, candidates) ?? new Uint8Array(0)
    }
    if (age === 2) {
      const points = drawPoints(this.randomness(this.#height), batch.id, 0, batch.sum, this.pointsPerBatch)
      const deadlineHeight = BigInt(this.#height + this.params.serving.openingBlocks)
      batch.state = 'checking'
      batch.points = points.length
      this.checks.set(
        batch.id,
        points.map((offset, point) =>
          CheckStates.fromPartial({ batch: batch.id, point, offset, state: 'drawn', deadlineHeight }),
        ),
      )
    }
    const checks = this.checks.get(batch.id) ?? []
    for (const check of checks) {
      this.#advanceCheck(check)
    }
    if (checks.some(({ state }) => state === 'withheld')) {
      batch.state = 'refunded'
      for (const { payer, from, to } of batch.lanes) {
        const escrow = this.escrows.get(toHex(payer)) as EscrowState
        this.escrows.set(toHex(payer), { ...escrow, refunded: escrow.refunded + to - from })
      }
    } else if (!this.keepsOpen && age > 2 && checks.every(({ state }) => state === 'passed')) {
      batch.state = 'paid'
    }
  }

  #advanceCheck(check: CheckState): void {
    const isLate = BigInt(this.#height) > check.deadlineHeight
    if ((check.state === 'drawn' || check.state === 'demanded') && isLate) {
      check.state = 'withheld'
    } else if (check.state === 'opened') {
      check.round += 1
      check.state = check.round >= PASS_BLOCKS ? 'passed' : 'opened'
    }
  }

  #duties(host: string): QueryWorkDutiesResponse {
    const executor = decodeAddress(host)
    const own = this.batches.filter((batch) => equalBytes(batch.executor, executor))
    const checks = own.flatMap(({ id }) => this.checks.get(id) ?? [])
    return QueryWorkDutiesResponse.fromPartial({
      openings: checks.filter(({ state }) => state === 'drawn').slice(0, 64),
      demands: checks.filter(({ state }) => state === 'demanded').slice(0, 64),
    })
  }
}

function unlessAborted<T>(answer: Promise<T>, signal: AbortSignalLike): Promise<T> {
  return new Promise((resolve, reject) => {
    answer.then(resolve, reject)
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
