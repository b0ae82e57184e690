import { compareBytes, toHex } from '../../../src/lib/bytes.ts'
import type { SumNode } from '../../../src/lib/merkle-sum.ts'
import { merkleSumProof, merkleSumRoot } from '../../../src/lib/merkle-sum.ts'
import { decodeAddress } from '../../../src/protocol/address.ts'
import {
  QueryEscrowRequest,
  QueryEscrowResponse,
  QueryLaneRequest,
  QueryLaneResponse,
  QueryModelsResponse,
  QueryRandomnessRequest,
  QueryRandomnessResponse,
  QueryRosterRequest,
  QueryRosterResponse,
  QueryServicesRequest,
  QueryServicesResponse,
} from '../../../src/protocol/gen/tailrace/v1/query.ts'
import type { EscrowState, ServiceState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import type { MsgDepositEscrow, MsgSubmitBatch, ServiceOffer } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import type {
  BatchLeaf,
  Order,
  Receipt,
  ReceiptOpening,
  SignedOrder,
  SignedReceipt,
  SignedVoucher,
  Voucher,
  WorkData,
} from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { FinishReason } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import type { GenesisModel } from '../../../src/protocol/genesis.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import { compareLeaves, sumLeafOf } from '../../../src/protocol/work/batch.ts'
import { drawExecutors, orderHash, promptHash, requestHash, signOrder } from '../../../src/protocol/work/order.ts'
import { priceOf } from '../../../src/protocol/work/price.ts'
import { receiptHash, scoresHash, signVoucher, tokensHash } from '../../../src/protocol/work/receipt.ts'
import type { MadeUpWork } from '../work/made-up-work.ts'
import { madeUpWork } from '../work/made-up-work.ts'
import { ask } from './chain-duties.ts'
import type { Actor, ChainHarness, HarnessOptions, HostActor } from './chain-harness.ts'
import { actorNamed, createChainHarness } from './chain-harness.ts'
import { signReceipt } from './device-signing.ts'

/**
 * Paid work in a test: real orders, receipts, vouchers and trees, signed with real keys. A workbench keeps what a gateway and
 * its executors would keep: sequences, totals and lanes. Cheats are arguments: every record can be bent before it is signed.
 */
export const TEST_MODEL: GenesisModel = {
  id: 'tail/whale-0.9m',
  manifestHash: sha256(Uint8Array.of(1)),
  contextTokens: 256,
  // One utail for an output token.
  price: 1_000_000n,
}

export const TEST_CLASS = 'fp32-wasm'
export const TEST_TOKENS_PER_SECOND = 100

export function ownerOf(host: HostActor): Uint8Array {
  return decodeAddress(host.owner.address)
}

/** A session key as an actor; its address names the escrow. */
export function payerOf(session: Actor): Uint8Array {
  return decodeAddress(session.address)
}

export function sessionNamed(name: string): Actor {
  return actorNamed(`session ${name}`)
}

export function depositMessage(
  owner: Actor,
  session: Actor,
  amount: bigint,
  terms: Partial<MsgDepositEscrow> = {},
): TypedMessage {
  return {
    typeUrl: '/tailrace.v1.MsgDepositEscrow',
    value: {
      owner: owner.address,
      sessionPubkey: session.publicKey,
      amount,
      models: [],
      maxPrice: 0n,
      spendLimit: 0n,
      expiryHeight: 100_000n,
      ...terms,
    },
  }
}

export function withdrawMessage(owner: Actor, session: Actor): TypedMessage {
  return { typeUrl: '/tailrace.v1.MsgWithdrawEscrow', value: { owner: owner.address, payer: payerOf(session) } }
}

export function serveMessage(host: HostActor, offers: readonly Partial<ServiceOffer>[] = [{}]): TypedMessage {
  return {
    typeUrl: '/tailrace.v1.MsgServeModels',
    value: {
      signer: host.device.address,
      host: host.owner.address,
      offers: offers.map((offer) => ({
        model: TEST_MODEL.id,
        numericClass: TEST_CLASS,
        tokensPerSecond: TEST_TOKENS_PER_SECOND,
        ...offer,
      })),
    },
  }
}

export function batchMessage(value: MsgSubmitBatch): TypedMessage {
  return { typeUrl: '/tailrace.v1.MsgSubmitBatch', value }
}

export function escrowOf(chain: ChainHarness, session: Actor): { escrow: EscrowState; available: bigint } {
  const request = QueryEscrowRequest.encode({ payer: payerOf(session) }).finish()
  const { escrow, available } = ask(chain, 'Escrow', request, QueryEscrowResponse)
  if (escrow === undefined) {
    throw new Error(`no escrow of ${session.name}`)
  }
  return { escrow, available }
}

export function acceptedOf(chain: ChainHarness, session: Actor, host: HostActor): bigint {
  const request = QueryLaneRequest.encode({ payer: payerOf(session), executor: host.owner.address }).finish()
  return ask(chain, 'Lane', request, QueryLaneResponse).accepted
}

export function serviceOf(chain: ChainHarness, host: HostActor): ServiceState | undefined {
  const request = QueryServicesRequest.encode({ host: host.owner.address }).finish()
  return ask(chain, 'Services', request, QueryServicesResponse).services[0]?.service
}

export function priceNow(chain: ChainHarness): bigint {
  const [model] = ask(chain, 'Models', new Uint8Array(0), QueryModelsResponse).models
  return model?.price ?? 0n
}

/** Who is drawn for an order of this height, in order; nobody where there is no roster for it. */
export function drawnFor(chain: ChainHarness, session: Actor, sequence: bigint, height: bigint): Uint8Array[] {
  const rosterRequest = QueryRosterRequest.encode({ model: TEST_MODEL.id, height }).finish()
  const roster = ask(chain, 'Roster', rosterRequest, QueryRosterResponse).roster
  const { randomness } = ask(
    chain,
    'Randomness',
    QueryRandomnessRequest.encode({ height }).finish(),
    QueryRandomnessResponse,
  )
  const candidates = (roster?.entries ?? []).map(({ host, weight }) => ({ address: host, weight: BigInt(weight) }))
  return drawExecutors(randomness, payerOf(session), sequence, candidates)
}

/** One order with its receipt, and where its leaf stands in its lane. */
export interface DoneWork {
  readonly session: Actor
  readonly host: HostActor
  readonly order: SignedOrder & { readonly order: Order }
  readonly receipt: SignedReceipt & { readonly receipt: Receipt }
  readonly data: WorkData
  readonly price: bigint
  readonly voucher: SignedVoucher | undefined
}

export interface WorkOptions {
  readonly promptTokens?: number
  readonly outputTokens?: number
  /** Another sequence or total than the next right one. */
  readonly order?: Partial<Order>
  readonly receipt?: Partial<Receipt>
  readonly voucher?: Partial<Voucher>
  /** The gateway goes away: no voucher. */
  readonly loose?: boolean
  /** Signs in place of the host's device. */
  readonly signer?: Actor
  /** Any host takes it, whether it is drawn or not. */
  readonly undrawn?: boolean
}

/** A tree over receipts, as its executor keeps it. */
export interface TestBatch {
  readonly message: MsgSubmitBatch
  readonly works: readonly DoneWork[]
  readonly leaves: readonly BatchLeaf[]
  openingOf(index: number): ReceiptOpening
  /** Index of the leaf that covers a unit of [0, sum). */
  leafAt(offset: bigint): number
}

export interface BatchOptions {
  readonly message?: Partial<MsgSubmitBatch>
  readonly leaf?: (leaf: BatchLeaf, index: number) => BatchLeaf
}

export interface Workbench {
  /** An order drawn for this host, its receipt, and unless `loose` its voucher. Nothing is sent. */
  work(session: Actor, host: HostActor, options?: WorkOptions): DoneWork
  /** What the host has done since its last batch, or these. */
  batch(host: HostActor, options?: BatchOptions & { readonly works?: readonly DoneWork[] }): TestBatch
}

interface Account {
  sequence: bigint
  /** Price of all finished orders. */
  spent: bigint
}

export function createWorkbench(chain: ChainHarness): Workbench {
  const accounts = new Map<string, Account>()
  const lanes = new Map<string, bigint>()
  const waiting = new Map<string, DoneWork[]>()

  function accountOf(session: Actor): Account {
    const account = accounts.get(session.address) ?? { sequence: 0n, spent: 0n }
    accounts.set(session.address, account)
    return account
  }

  function work(session: Actor, host: HostActor, options: WorkOptions = {}): DoneWork {
    const account = accountOf(session)
    account.sequence = options.order?.sequence ?? nextSequence(chain, session, host, account.sequence + 1n, options)
    const order = makeOrder(chain, session, account, options)
    const receipt = makeReceipt(chain, host, order.order, options)
    const price = receipt.receipt.price
    account.spent += price
    const lane = `${session.address}/${host.owner.address}`
    let voucher: SignedVoucher | undefined
    if (options.loose !== true) {
      const cumulative = (lanes.get(lane) ?? 0n) + price
      lanes.set(lane, cumulative)
      voucher = makeVoucher(chain, session, host, cumulative, order.order, receipt.receipt, options.voucher)
    }
    const done: DoneWork = { session, host, order, receipt, data: dataOf(order.order, options), price, voucher }
    waiting.set(host.owner.address, [...(waiting.get(host.owner.address) ?? []), done])
    return done
  }

  function batch(host: HostActor, options: BatchOptions & { readonly works?: readonly DoneWork[] } = {}): TestBatch {
    const works = options.works ?? waiting.get(host.owner.address) ?? []
    if (options.works === undefined) {
      waiting.delete(host.owner.address)
    }
    return makeBatch(chain, host, works, options)
  }

  return { work, batch }
}

/** The first sequence from `from` for which the host is drawn first. */
function nextSequence(
  chain: ChainHarness,
  session: Actor,
  host: HostActor,
  from: bigint,
  { undrawn, order }: WorkOptions,
): bigint {
  if (undrawn === true) {
    return from
  }
  const height = order?.height ?? BigInt(chain.height)
  for (let sequence = from; sequence < from + 1_000n; sequence++) {
    const [first] = drawnFor(chain, session, sequence, height)
    if (first !== undefined && compareBytes(first, ownerOf(host)) === 0) {
      return sequence
    }
  }
  throw new Error(`${host.owner.name} is never drawn: is it on the roster?`)
}

function countsOf({ promptTokens = 8, outputTokens = 40 }: WorkOptions): {
  promptTokens: number
  outputTokens: number
} {
  return { promptTokens, outputTokens }
}

function makeOrder(
  chain: ChainHarness,
  session: Actor,
  account: Account,
  options: WorkOptions,
): SignedOrder & { readonly order: Order } {
  const { promptTokens, outputTokens } = countsOf(options)
  const price = options.order?.price ?? priceNow(chain)
  const maxPrice = options.order?.maxPrice ?? priceOf(price, promptTokens, outputTokens)
  const height = BigInt(chain.height)
  const data = requestOf(options)
  const order: Order = {
    chainId: chain.genesis.chainId,
    payer: payerOf(session),
    sequence: account.sequence,
    total: account.spent + maxPrice,
    model: TEST_MODEL.id,
    promptHash: promptHash(data.prompt),
    requestHash: requestHash(data.request),
    promptTokens,
    maxTokens: outputTokens,
    price,
    maxPrice,
    height,
    expiryHeight: height + 500n,
    constraints: undefined,
    gatewayPeer: 'peer of a gateway',
    ...options.order,
  }
  return { order, signature: signOrder(order, session.secret).signature }
}

function makeReceipt(
  chain: ChainHarness,
  host: HostActor,
  order: Order,
  options: WorkOptions,
): SignedReceipt & { readonly receipt: Receipt } {
  const { promptTokens, outputTokens } = countsOf(options)
  const { output, scores } = requestOf(options)
  const receipt: Receipt = {
    orderHash: orderHash(order),
    executor: ownerOf(host),
    promptTokens,
    outputTokens,
    tokensHash: tokensHash(output),
    scoresHash: scoresHash(scores),
    startHeight: BigInt(chain.height),
    endHeight: BigInt(chain.height),
    price: priceOf(order.price, promptTokens, outputTokens),
    finish: FinishReason.FINISH_REASON_LENGTH,
    skipped: [],
    numericClass: TEST_CLASS,
    ...options.receipt,
  }
  return { receipt, signature: signReceipt(receipt, (options.signer ?? host.device).secret).signature }
}

function makeVoucher(
  chain: ChainHarness,
  session: Actor,
  host: HostActor,
  cumulative: bigint,
  order: Order,
  receipt: Receipt,
  bent: Partial<Voucher> = {},
): SignedVoucher {
  const voucher: Voucher = {
    chainId: chain.genesis.chainId,
    payer: payerOf(session),
    executor: ownerOf(host),
    cumulative,
    sequence: order.sequence,
    total: order.total,
    receiptHash: receiptHash(receipt),
    ...bent,
  }
  return signVoucher(voucher, session.secret)
}

/** Tokens and scores of no model: the chain sees their hashes alone. */
function requestOf(options: WorkOptions): MadeUpWork {
  const { promptTokens, outputTokens } = countsOf(options)
  return madeUpWork(TEST_MODEL.id, promptTokens, outputTokens)
}

function dataOf(order: Order, options: WorkOptions): WorkData {
  return { orderHash: orderHash(order), ...requestOf(options) }
}

/** Leaves lane by lane; in each lane what has a voucher first, by cumulative, then the rest by sequence. */
function makeBatch(chain: ChainHarness, host: HostActor, works: readonly DoneWork[], options: BatchOptions): TestBatch {
  const placed = placeLeaves(chain, host, works)
  const ordered = placed.map(({ work }) => work)
  const leaves = placed.map(({ leaf }, index) => options.leaf?.(leaf, index) ?? leaf)
  const sumLeaves = leaves.map(sumLeafOf)
  const root = merkleSumRoot(sumLeaves, sha256)
  function openingOf(index: number): ReceiptOpening {
    const { order, receipt, voucher } = ordered[index] as DoneWork
    return {
      index,
      leaf: leaves[index],
      path: merkleSumProof(sumLeaves, index, sha256),
      order,
      receipt,
      ...(voucher === undefined ? {} : { voucher }),
    }
  }
  const loose = ordered.flatMap(({ voucher }, index) => (voucher === undefined ? [openingOf(index)] : []))
  return {
    message: { ...batchValue(host, root, leaves, ordered), uncountersigned: loose, ...options.message },
    works: ordered,
    leaves,
    openingOf,
    leafAt: (offset) => leafAt(leaves, offset),
  }
}

function placeLeaves(
  chain: ChainHarness,
  host: HostActor,
  works: readonly DoneWork[],
): { work: DoneWork; leaf: BatchLeaf }[] {
  const reached = new Map<string, bigint>()
  const isBefore = (a: DoneWork, b: DoneWork): number =>
    Number(a.voucher === undefined) - Number(b.voucher === undefined) || Number(orderOf(a) - orderOf(b))
  return [...works]
    .sort((a, b) => compareBytes(payerOf(a.session), payerOf(b.session)) || isBefore(a, b))
    .map((work) => {
      const from = reached.get(work.session.address) ?? acceptedOf(chain, work.session, host)
      const { order, receipt } = work
      const leaf: BatchLeaf = {
        orderHash: orderHash(order.order),
        payer: payerOf(work.session),
        from,
        to: from + work.price,
        promptTokens: receipt.receipt.promptTokens,
        outputTokens: receipt.receipt.outputTokens,
        receiptHash: receiptHash(receipt.receipt),
      }
      reached.set(work.session.address, leaf.to)
      return { work, leaf }
    })
    .sort((a, b) => compareLeaves(a.leaf, b.leaf))
}

function orderOf({ voucher, order }: DoneWork): bigint {
  return voucher?.voucher?.cumulative ?? order.order.sequence
}

function batchValue(
  host: HostActor,
  root: SumNode,
  leaves: readonly BatchLeaf[],
  works: readonly DoneWork[],
): Omit<MsgSubmitBatch, 'uncountersigned'> {
  const lanes = new Map<string, MsgSubmitBatch['lanes'][number]>()
  for (const [index, { payer, to }] of leaves.entries()) {
    const name = toHex(payer)
    const voucher = works[index]?.voucher ?? lanes.get(name)?.voucher
    lanes.set(name, { payer, to, voucher })
  }
  return {
    signer: host.device.address,
    model: TEST_MODEL.id,
    root: root.hash,
    sum: root.sum,
    leaves: leaves.length,
    lanes: [...lanes.values()],
  }
}

function leafAt(leaves: readonly BatchLeaf[], offset: bigint): number {
  let end = 0n
  return leaves.findIndex(({ from, to }) => {
    end += to - from
    return offset < end
  })
}

export interface WorkChainOptions {
  readonly hosts: readonly HostActor[]
  /** Each gets an escrow of this much, from the developer. */
  readonly sessions?: readonly (readonly [session: Actor, amount: bigint])[]
  readonly params?: HarnessOptions['params']
  readonly models?: readonly GenesisModel[]
  readonly terms?: Partial<MsgDepositEscrow>
}

export const DEVELOPER = actorNamed('developer')
/** What the developer of a test has at first. */
export const DEVELOPER_AMOUNT = 1_000_000n

/** A long race: genesis hosts keep their one unit of weight for the whole test. */
export const WORK_PARAMS: NonNullable<HarnessOptions['params']> = {
  epochLength: 300,
  raceLength: 200,
  verifyLength: 20,
}

/** A chain on which the hosts serve the test's model, are on its roster, and the sessions have money. */
export function createWorkChain(options: WorkChainOptions): ChainHarness {
  const { hosts, sessions = [], terms = {} } = options
  const chain = createChainHarness({
    hosts,
    models: options.models ?? [TEST_MODEL],
    accounts: [{ actor: DEVELOPER, amount: DEVELOPER_AMOUNT }],
    params: { ...WORK_PARAMS, ...options.params },
  })
  const deposits = sessions.map(([session, amount]) => depositMessage(DEVELOPER, session, amount, terms))
  const results = chain.produce([
    ...(deposits.length === 0 ? [] : [chain.sign(DEVELOPER, deposits)]),
    ...hosts.map((host) => chain.sign(host.device, [serveMessage(host)])),
  ]).txResults
  const refused = results.find(({ code }) => code !== 0)
  if (refused !== undefined) {
    throw new Error(refused.log)
  }
  chain.produceUntil(chain.height + chain.params.serving.rosterBlocks)
  return chain
}
