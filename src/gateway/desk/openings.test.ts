/** What executors hand over, and what verifiers may see. */
import { describe, expect, it } from 'vitest'
import type { DeskWorld } from '../../../test/support/work/desk-world.ts'
import { createDeskWorld, GATEWAY_PEER } from '../../../test/support/work/desk-world.ts'
import { createMerkleSumTree } from '../../lib/merkle-sum.ts'
import type { OpeningHeader } from '../../protocol/gen/tailrace/v1/peer.ts'
import { BatchState, CheckState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { ReceiptOpening, SignedReceipt } from '../../protocol/gen/tailrace/v1/work.ts'
import { Receipt } from '../../protocol/gen/tailrace/v1/work.ts'
import { sha256 } from '../../protocol/hash.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import { sumLeafOf } from '../../protocol/work/batch.ts'
import { decodeBundle, verifyBundle } from '../../protocol/work/bundle.ts'
import { orderHash } from '../../protocol/work/order.ts'
import { receiptHash } from '../../protocol/work/receipt.ts'

const NEVER = new AbortController().signal
const BATCH = 7n

interface Scene {
  readonly world: DeskWorld
  readonly orderHash: string
  readonly header: OpeningHeader
  readonly opening: ReceiptOpening
  push(from: string, header: OpeningHeader, opening: ReceiptOpening): Promise<number>
}

/** One order of Ada's, and a batch with its receipt on chain. */
async function sceneOf(
  script: Parameters<typeof createDeskWorld>[0] = { hosts: { ada: {}, bea: {} } },
): Promise<Scene> {
  const world = await createDeskWorld(script)
  const [executor] = await world.nextDrawn()
  const followed = world.follow()
  await world.advance(100)
  const [seen] = executor?.orders ?? []
  const receipt = seen?.receipt?.receipt
  if (executor === undefined || seen === undefined || receipt === undefined) {
    throw new Error('no order was served')
  }
  const leaf = {
    orderHash: receipt.orderHash,
    payer: seen.order.payer,
    from: 0n,
    to: receipt.price,
    promptTokens: receipt.promptTokens,
    outputTokens: receipt.outputTokens,
    receiptHash: receiptHash(receipt),
  }
  const tree = createMerkleSumTree([sumLeafOf(leaf)], sha256)
  const { hash: root, sum } = tree.root
  const place = { executor: executor.owner.bytes, root, sum, leaves: 1, txHash: 'AB'.repeat(32) }
  const devicePubkey = executor.device.publicKey
  world.chain.batches.push(BatchState.fromPartial({ ...place, id: BATCH, height: 5n, state: 'accepted', devicePubkey }))
  const opening = { index: 0, leaf, path: tree.proof(0), order: seen.open.order, receipt: seen.receipt }
  const orderHash = (await followed.placed).orderHash
  return {
    world,
    orderHash,
    header: { ...place, executor: executor.owner.address, batch: BATCH },
    opening,
    push: (from, header, item) =>
      world.peers.port(from).pushOpenings(GATEWAY_PEER, header, [{ opening: item, data: undefined }], NEVER),
  }
}

function peerOf({ world, header }: Scene): string {
  return world.chain.hosts.get(header.executor)?.peerId ?? ''
}

function otherPeer({ world, header }: Scene): string {
  return world.executors.find(({ owner }) => owner.address !== header.executor)?.peerId ?? ''
}

describe('openings that an executor hands over', () => {
  it('are kept, and make the receipt one that anybody can verify', async () => {
    const scene = await sceneOf()
    expect(await scene.world.desk.bundleText(scene.orderHash)).toBe('pending')
    expect(await scene.push(peerOf(scene), scene.header, scene.opening)).toBe(1)
    const bundle = decodeBundle(await scene.world.desk.bundleText(scene.orderHash))
    expect(verifyBundle(bundle).valid).toBe(true)
    expect(bundle).toMatchObject({ batch: BATCH, height: 5n })
    expect(bundle.data?.output).toEqual([100, 101, 102])
    expect(await scene.world.desk.recent(1)).toMatchObject([{ batched: { id: BATCH } }])
    expect(await scene.world.desk.bundleText('00'.repeat(32))).toBe('unknown')
  })

  it('are not kept from another host, of another batch, or with another receipt', async () => {
    const scene = await sceneOf()
    const { header, opening } = scene
    const bent = { ...opening, receipt: { ...opening.receipt, signature: new Uint8Array(64) } } as ReceiptOpening
    const stretched = { ...opening, leaf: { ...opening.leaf, to: 99n } } as ReceiptOpening
    const tries = [
      () => scene.push(otherPeer(scene), header, opening),
      () => scene.push(peerOf(scene), { ...header, batch: 8n }, opening),
      () => scene.push(peerOf(scene), { ...header, root: new Uint8Array(32) }, opening),
      () => scene.push(peerOf(scene), header, bent),
      () => scene.push(peerOf(scene), header, stretched),
    ]
    for (const attempt of tries) {
      expect(await attempt()).toBe(0)
    }
    expect(await scene.world.desk.bundleText(scene.orderHash)).toBe('pending')
  })

  it('are kept of an order whose receipt was not countersigned: it shows what it cost all the same', async () => {
    const scene = await sceneOf({ hosts: { ada: { bend: () => ({ outputTokens: 4 }) } } })
    expect(await scene.world.desk.recent(1)).toMatchObject([{ state: 'failed', errorCode: 'bad_receipt', price: 0n }])
    expect(await scene.push(peerOf(scene), scene.header, scene.opening)).toBe(1)
    expect(await scene.world.desk.recent(1)).toMatchObject([{ state: 'failed', price: 4n, batched: { id: BATCH } }])
  })
})

describe('a receipt whose place in the lane another one took', () => {
  it('is proven by the batch that has it: its voucher does not reach so far, and is left out', async () => {
    const { world, ...scene } = await sceneOf()
    const leaf = scene.opening.leaf
    if (leaf === undefined) {
      throw new Error('no leaf')
    }
    const price = leaf.to
    const other = { ...leaf, orderHash: new Uint8Array(32).fill(5), receiptHash: new Uint8Array(32).fill(6) }
    const moved = { ...leaf, from: price, to: 2n * price }
    const tree = createMerkleSumTree([other, moved].map(sumLeafOf), sha256)
    const { hash: root, sum } = tree.root
    Object.assign(world.chain.batches[0] as object, { root, sum, leaves: 2 })
    const opening = { ...scene.opening, index: 1, leaf: moved, path: tree.proof(1) }
    expect(await scene.push(peerOf({ world, ...scene }), { ...scene.header, root, sum, leaves: 2 }, opening)).toBe(1)
    const verdict = verifyBundle(decodeBundle(await world.desk.bundleText(scene.orderHash)))
    expect(verdict).toMatchObject({ valid: true, checks: { leaf_under_root: 'ok', voucher_covers_leaf: 'absent' } })
  })
})

describe('a voucher that is asked for again', () => {
  const ask = (world: DeskWorld, peer: string, receipt: SignedReceipt) =>
    world.peers.port(peer).requestVoucher(GATEWAY_PEER, receipt, NEVER)

  it('is the one that was given, and of any other receipt there is none', async () => {
    const scene = await sceneOf()
    const { receipt: signed } = scene.opening
    const [seen] = scene.world.executors.flatMap(({ orders }) => orders)
    if (signed?.receipt === undefined) {
      throw new Error('no receipt')
    }
    expect(await ask(scene.world, peerOf(scene), signed)).toEqual(seen?.voucher)
    const bent = { ...signed, receipt: { ...signed.receipt, price: signed.receipt.price + 1n } }
    expect(await ask(scene.world, peerOf(scene), bent)).toBeUndefined()
    const unknown = { ...signed, receipt: { ...signed.receipt, orderHash: new Uint8Array(32) } }
    expect(await ask(scene.world, peerOf(scene), unknown)).toBeUndefined()
  })

  it('is not denied while the order is open: that none was given is said when none will be', async () => {
    const world = await createDeskWorld({ hosts: { ada: { tokens: 40, diesAfter: 30 } } })
    const followed = world.follow({ maxTokens: 64 })
    await world.advance(100)
    const [executor] = world.executors
    const [seen] = executor?.orders ?? []
    if (executor === undefined || seen === undefined) {
      throw new Error('no order was served')
    }
    const made: SignedReceipt = {
      receipt: Receipt.fromPartial({ orderHash: orderHash(seen.order), executor: executor.owner.bytes }),
      signature: new Uint8Array(64),
    }
    expect(followed.end).toBe('running')
    await expect(ask(world, executor.peerId, made)).rejects.toMatchObject({ code: 'order_open' })
    // Whoever was asked before it and is no longer meant will never have one.
    const other = { ...made, receipt: made.receipt && { ...made.receipt, executor: world.payer.bytes } }
    expect(await ask(world, executor.peerId, other)).toBeUndefined()
    await world.advance(1_000)
    expect(followed.end).toBe('executor_lost')
    expect(await ask(world, executor.peerId, made)).toBeUndefined()
  })
})

describe('the work behind a check', () => {
  it('is shown to whom the chain drew; the scores once they have committed to their own', async () => {
    const scene = await sceneOf()
    const { world, opening } = scene
    const asker = otherPeer(scene)
    const host = world.executors.find(({ peerId }) => peerId === asker)?.owner.bytes ?? new Uint8Array(20)
    const check = CheckState.fromPartial({ batch: BATCH, point: 1, state: 'opened', opening, checkers: [{ host }] })
    world.chain.checks.set(BATCH, [check])
    const request = {
      orderHash: opening.leaf?.orderHash ?? new Uint8Array(0),
      batch: BATCH,
      point: 1,
      withScores: true,
    }
    const ask = (from: string, over: Partial<typeof request> = {}) =>
      world.peers.port(from).requestWork(GATEWAY_PEER, { ...request, ...over }, NEVER)
    expect(await ask(peerOf(scene))).toBeUndefined()
    expect(await ask('peer-nobody')).toBeUndefined()
    expect(await ask(asker, { point: 2 })).toBeUndefined()
    expect(await ask(asker, { orderHash: new Uint8Array(32) })).toBeUndefined()
    expect((await ask(asker))?.scores).toHaveLength(0)
    expect((await ask(asker))?.output).toEqual([100, 101, 102])
    Object.assign(check.checkers[0] as object, { commit: new Uint8Array(32) })
    expect((await ask(asker))?.scores).toHaveLength(3 * SCORE_BYTES)
    expect((await ask(asker, { withScores: false }))?.scores).toHaveLength(0)
  })
})
