import { randomnessKey } from '../../../../src/chain/state/keys.ts'
import { readEscrow } from '../../../../src/chain/state/work/escrows.ts'
import { readLane } from '../../../../src/chain/state/work/lanes.ts'
import { readModel } from '../../../../src/chain/state/work/models.ts'
import { candidatesOf, readRoster } from '../../../../src/chain/state/work/rosters.ts'
import { compareBytes, equalBytes, toHex } from '../../../../src/lib/bytes.ts'
import { merkleSumProof, merkleSumRoot } from '../../../../src/lib/merkle-sum.ts'
import type { MsgSubmitBatch } from '../../../../src/protocol/gen/tailrace/v1/tx.ts'
import type {
  BatchLeaf,
  Order,
  Receipt,
  ReceiptOpening,
  SignedOrder,
  SignedVoucher,
} from '../../../../src/protocol/gen/tailrace/v1/work.ts'
import { FinishReason } from '../../../../src/protocol/gen/tailrace/v1/work.ts'
import { sha256 } from '../../../../src/protocol/hash.ts'
import { compareLeaves, sumLeafOf } from '../../../../src/protocol/work/batch.ts'
import { drawExecutors, orderHash, promptHash, requestHash } from '../../../../src/protocol/work/order.ts'
import { priceOf } from '../../../../src/protocol/work/price.ts'
import { receiptHash, scoresHash, tokensHash, voucherHash } from '../../../../src/protocol/work/receipt.ts'
import type { Actor } from '../../chain/chain-harness.ts'
import { TEST_CLASS, TEST_MODEL } from '../../chain/chain-work.ts'
import { madeUpWork } from '../../work/made-up-work.ts'
import { bytesOfActor } from '../cast.ts'
import { between } from '../random.ts'
import type { LiveHost, World } from '../world.ts'
import type { BatchTree, DoneWork } from './batch-types.ts'

/**
 * Orders of several sessions, done by one host and put into a Merkle-sum tree, as gateway and executor would together. Everything is
 * taken from the state as it is, so that the batch is the next right one of its lanes, unless a bend says otherwise.
 */
export interface BatchBend {
  /** The gateway goes away: the last work of each session has no voucher. */
  readonly loose?: boolean
  /** The executor was not drawn. */
  readonly undrawn?: boolean
  readonly receipt?: Partial<Receipt>
  /** The payer's total is above what its escrow can owe. */
  readonly greedy?: boolean
  /** Signs vouchers in place of the session. */
  readonly voucherSigner?: Actor
}

const ORDERS_TRIED = 60

/** The order for a session, drawn for this host; its sequence is used up. Undefined where the host is never drawn. */
export function makeOrder(
  world: World,
  session: Actor,
  host: LiveHost,
  bend: BatchBend,
  total: bigint,
): (SignedOrder & { readonly order: Order }) | undefined {
  const { store, memory, random, params } = world
  const model = readModel(store, TEST_MODEL.id)
  const age = bend.loose === true ? params.serving.countersignBlocks + 1 : 1
  const height = world.height - age
  const sequence = nextSequence(world, session, host, height, bend)
  if (model === undefined || height < 1 || sequence === undefined) {
    return undefined
  }
  memory.orders.set(session.address, sequence)
  const [promptTokens, outputTokens] = [between(random, 1, 12), between(random, 1, 60)]
  const data = madeUpWork(TEST_MODEL.id, promptTokens, outputTokens)
  const maxPrice = priceOf(model.price, promptTokens, outputTokens)
  const order: Order = {
    chainId: world.chainId,
    payer: bytesOfActor(session),
    sequence,
    total: bend.greedy === true ? 1n << 40n : total + maxPrice,
    model: TEST_MODEL.id,
    promptHash: promptHash(data.prompt),
    requestHash: requestHash(data.request),
    promptTokens,
    maxTokens: outputTokens,
    price: model.price,
    maxPrice,
    height: BigInt(height),
    expiryHeight: BigInt(height) + 500n,
    constraints: undefined,
    gatewayPeer: 'peer of a gateway',
  }
  return { order, signature: world.sign(session, orderHash(order)) }
}

function nextSequence(
  world: World,
  session: Actor,
  host: LiveHost,
  height: number,
  { undrawn = false }: BatchBend,
): bigint | undefined {
  const { store, memory } = world
  const first = (memory.orders.get(session.address) ?? 0n) + 1n
  const randomness = store.get(randomnessKey(height))
  const roster = readRoster(store, TEST_MODEL.id, height)
  if (undrawn || randomness === undefined || roster === undefined) {
    return undrawn ? first : undefined
  }
  const candidates = candidatesOf(roster.entries)
  for (let sequence = first; sequence < first + BigInt(ORDERS_TRIED); sequence++) {
    const [drawn] = drawExecutors(randomness, bytesOfActor(session), sequence, candidates)
    if (drawn !== undefined && equalBytes(drawn, host.state.owner)) {
      return sequence
    }
  }
  return undefined
}

interface Lane {
  readonly session: Actor
  readonly count: number
}

/** So many works of each session, or undefined where none can be had now. */
export function makeBatch(
  world: World,
  host: LiveHost,
  lanes: readonly Lane[],
  bend: BatchBend = {},
): BatchTree | undefined {
  const works: DoneWork[] = []
  for (const { session, count } of lanes) {
    const escrow = readEscrow(world.store, bytesOfActor(session))
    let total = escrow === undefined ? 0n : escrow.vouched > escrow.totalSeen ? escrow.vouched : escrow.totalSeen
    let from = readLane(world.store, bytesOfActor(session), host.state.owner).accepted
    for (let index = 0; index < count; index++) {
      const isLoose = bend.loose === true && index === count - 1
      const order = makeOrder(world, session, host, { ...bend, loose: isLoose }, total)
      if (order === undefined) {
        continue
      }
      const work = doWork(world, host, session, order, from, { ...bend, loose: isLoose })
      total += work.receipt.receipt.price
      from = work.leaf.to
      works.push(work)
    }
  }
  return works.length === 0
    ? undefined
    : treeOf(
        host,
        works.sort((a, b) => compareLeaves(a.leaf, b.leaf)),
      )
}

function doWork(
  world: World,
  host: LiveHost,
  session: Actor,
  order: SignedOrder & { readonly order: Order },
  from: bigint,
  bend: BatchBend,
): DoneWork {
  const { promptTokens, maxTokens: outputTokens, height, price } = order.order
  const made = madeUpWork(TEST_MODEL.id, promptTokens, outputTokens)
  const receipt: Receipt = {
    orderHash: orderHash(order.order),
    executor: host.state.owner,
    promptTokens,
    outputTokens,
    tokensHash: tokensHash(made.output),
    scoresHash: scoresHash(made.scores),
    startHeight: height,
    endHeight: height,
    price: priceOf(price, promptTokens, outputTokens),
    finish: FinishReason.FINISH_REASON_LENGTH,
    skipped: [],
    numericClass: TEST_CLASS,
    ...bend.receipt,
  }
  const leaf: BatchLeaf = {
    orderHash: orderHash(order.order),
    payer: bytesOfActor(session),
    from,
    to: from + receipt.price,
    promptTokens,
    outputTokens,
    receiptHash: receiptHash(receipt),
  }
  return {
    session,
    order,
    receipt: { receipt, signature: world.sign(host.device, receiptHash(receipt)) },
    voucher:
      bend.loose === true ? undefined : voucherOf(world, bend.voucherSigner ?? session, order.order, receipt, leaf),
    data: { orderHash: orderHash(order.order), ...made },
    leaf,
  }
}

function voucherOf(world: World, signer: Actor, order: Order, receipt: Receipt, leaf: BatchLeaf): SignedVoucher {
  const voucher = {
    chainId: world.chainId,
    payer: leaf.payer,
    executor: receipt.executor,
    cumulative: leaf.to,
    sequence: order.sequence,
    total: order.total,
    receiptHash: leaf.receiptHash,
  }
  return { voucher, signature: world.sign(signer, voucherHash(voucher)) }
}

/** Works in the order of the tree: lane by lane, each from its first unit to its last. */
export function treeOf(host: LiveHost, works: readonly DoneWork[]): BatchTree {
  const leaves = works.map(({ leaf }) => leaf)
  const sumLeaves = leaves.map(sumLeafOf)
  const root = merkleSumRoot(sumLeaves, sha256)
  const openingOf = (index: number): ReceiptOpening => {
    const { leaf, order, receipt, voucher } = works[index] as DoneWork
    const path = merkleSumProof(sumLeaves, index, sha256)
    return { index, leaf, path, order, receipt, ...(voucher === undefined ? {} : { voucher }) }
  }
  const lanes = new Map<string, MsgSubmitBatch['lanes'][number]>()
  for (const { leaf, voucher } of works) {
    const name = toHex(leaf.payer)
    lanes.set(name, { payer: leaf.payer, to: leaf.to, voucher: voucher ?? lanes.get(name)?.voucher })
  }
  return {
    message: {
      signer: host.device.address,
      model: TEST_MODEL.id,
      root: root.hash,
      sum: root.sum,
      leaves: leaves.length,
      lanes: [...lanes.values()].sort((a, b) => compareBytes(a.payer, b.payer)),
      uncountersigned: works.flatMap(({ voucher }, index) => (voucher === undefined ? [openingOf(index)] : [])),
    },
    works,
    openingOf,
    leafAt: (offset) => leafAt(leaves, offset),
  }
}

function leafAt(leaves: readonly BatchLeaf[], offset: bigint): number {
  let end = 0n
  return leaves.findIndex(({ from, to }) => {
    end += to - from
    return offset < end
  })
}
