import { afterEach, describe, expect, it } from 'vitest'
import type { OrderOutcome } from '../../../../test/support/work/work-gateway.ts'
import type { WorkHost, WorkWorld } from '../../../../test/support/work/work-world.ts'
import { createWorkWorld } from '../../../../test/support/work/work-world.ts'
import { toHex } from '../../../lib/bytes.ts'
import type { OpeningItem } from '../../../protocol/gen/tailrace/v1/peer.ts'
import type { BatchState } from '../../../protocol/gen/tailrace/v1/state.ts'
import { CheckerState } from '../../../protocol/gen/tailrace/v1/state.ts'
import { keepingFault } from './keeping.ts'

const WISH = { prompt: [1, 2, 3, 4, 5, 6, 7, 8], maxTokens: 6 }

let world: WorkWorld | undefined

afterEach(async () => {
  await world?.stop()
  world = undefined
})

interface Scene {
  readonly net: WorkWorld
  readonly outcome: OrderOutcome
  readonly executor: WorkHost
  /** Any other host: with two there is one, the custodian of every batch. */
  readonly custodian: WorkHost
  readonly batch: () => BatchState
}

/** Two hosts, one order, up to the moment before its batch. */
async function scene(prepare: (net: WorkWorld) => void = () => undefined): Promise<Scene> {
  world = await createWorkWorld({ ada: {}, bea: {} })
  const net = world
  prepare(net)
  const outcome = net.gateway.place(WISH)
  const [executor, custodian] =
    outcome.executor === net.host('ada').owner.address
      ? [net.host('ada'), net.host('bea')]
      : [net.host('bea'), net.host('ada')]
  await net.blocks(2)
  return { net, outcome, executor, custodian, batch: () => net.chain.batches[0] as BatchState }
}

function noticesOf(host: WorkHost): string[] {
  return host.work.view().notices.map(({ code }) => code)
}

describe('openings', () => {
  it('go to the gateway, its own, and to the custodian, all', async () => {
    const { net, outcome, executor, custodian, batch } = await scene()
    await net.until('a batch', () => net.chain.batches.length > 0)
    await net.blocks(2)
    const kept = await custodian.store.keptOfBatch(executor.owner.address, 1n)
    expect(kept.map(({ data }) => data.output)).toEqual([outcome.tokens])
    expect(net.gateway.openings.size).toBe(1)
    expect(await executor.store.batchById(1n)).toMatchObject({ handedToCustodian: true, handedToGateways: true })
    await net.until('it is paid', () => batch().state === 'paid')
    await net.blocks(6)
    expect(await custodian.store.keptBatches(9)).toEqual([])
  })

  it('reach a gateway that comes back after the batch was paid, also over a restart of the host', async () => {
    const { net, executor, batch } = await scene()
    net.peers.setGone('peer-gateway', true)
    await net.until('it is paid', () => net.chain.batches.length > 0 && batch().state === 'paid', 120)
    await net.blocks(2)
    expect(net.gateway.openings.size).toBe(0)
    await executor.stop()
    await executor.start()
    net.peers.setGone('peer-gateway', false)
    await net.until('the gateway has it', () => net.gateway.openings.size === 1)
    await net.blocks(1)
    expect(await executor.store.batchById(1n)).toMatchObject({ state: 'paid', handedToGateways: true })
    expect(await executor.store.unhandedBatches(9)).toEqual([])
  })

  it('are opened on chain by the executor in time', async () => {
    const { net, batch } = await scene((made) => {
      made.chain.pointsPerBatch = 20
    })
    await net.until('it is paid', () => net.chain.batches.length > 0 && batch().state === 'paid')
    const sent = net.chain.executed.filter(({ action }) => action === 'MsgOpenReceipts')
    expect(sent.map(({ log }) => log)).toEqual(['', ''])
  })

  it('are opened by the custodian where the executor went away', async () => {
    const { net, executor, custodian, batch } = await scene()
    await net.until('a batch', () => net.chain.batches.length > 0)
    await net.until('it is handed over', () => custodian.life.steps.includes('keepOpening'))
    await executor.stop()
    await net.until('it is paid', () => batch().state === 'paid')
    expect(noticesOf(custodian)).toContain('opened_for_another')
  })

  it('are lost with an executor that went away before anybody had them', async () => {
    const { net, executor, batch } = await scene()
    net.peers.setGone('peer-gateway', true)
    await net.until('a batch', () => net.chain.batches.length > 0)
    await executor.stop()
    await net.until('it is withheld', () => batch().state === 'refunded')
    expect(net.chain.escrowOf(net.payer).refunded).toBe(batch().sum)
  })

  it('are brought to a custodian that was away, and until then the owner knows', async () => {
    const { net, executor, custodian } = await scene((made) => {
      made.chain.pointsPerBatch = 0
      made.chain.keepsOpen = true
    })
    net.peers.setGone(custodian.peerId, true)
    await net.until('the owner is told', () => noticesOf(executor).includes('custodian_unreachable'))
    expect(executor.work.view().forfeits.unopenable).toBe(2n * (net.chain.batches[0]?.sum ?? 0n))
    net.peers.setGone(custodian.peerId, false)
    await net.blocks(20)
    expect(await executor.store.batchById(1n)).toMatchObject({ handedToCustodian: true })
    expect(executor.work.view().forfeits).toMatchObject({ unopenable: 0n, total: 0n })
  })

  it('of work that a verifier found nowhere are followed by the data', async () => {
    const { net, outcome, batch } = await scene((made) => {
      made.chain.demandPoints = true
    })
    await net.until('it is paid', () => net.chain.batches.length > 0 && batch().state === 'paid')
    expect([...net.chain.posted.values()].map(({ output }) => output)).toEqual([outcome.tokens, outcome.tokens])
  })

  it('posted by the custodian where the executor is away', async () => {
    const { net, executor, custodian, batch } = await scene((made) => {
      made.chain.demandPoints = true
    })
    await net.until('a batch', () => net.chain.batches.length > 0)
    await net.until('it is handed over', () => custodian.life.steps.includes('keepOpening'))
    await executor.stop()
    await net.until('it is paid', () => batch().state === 'paid')
    expect(net.chain.posted.size).toBe(2)
    expect(custodian.life.isOver).toBe(false)
  })
})

describe('what is kept', () => {
  it('is shown to whom the chain drew, scores only after the commit', async () => {
    const { net, outcome, executor, custodian, batch } = await scene((made) => {
      made.chain.keepsOpen = true
    })
    await net.until('it is opened', () => net.chain.checks.get(1n)?.[0]?.opening !== undefined)
    const check = net.chain.checks.get(1n)?.[0]
    const request = { orderHash: outcome.made.hash, batch: 1n, point: 0, withScores: true }
    const stranger = net.peers.port('peer-stranger')
    const asker = net.peers.port(custodian.peerId)
    const signal = new AbortController().signal
    const ask = (port: typeof asker, over: Partial<typeof request> = {}) =>
      port.requestWork(executor.peerId, { ...request, ...over }, signal)
    expect(await ask(asker)).toBeUndefined()
    const checker = CheckerState.fromPartial({ host: custodian.owner.bytes })
    check?.checkers.push(checker)
    expect(await ask(stranger)).toBeUndefined()
    expect(await ask(asker)).toMatchObject({ output: outcome.tokens, scores: new Uint8Array(0) })
    expect(await ask(asker, { point: 7 })).toBeUndefined()
    expect(await ask(asker, { orderHash: new Uint8Array(32) })).toBeUndefined()
    expect(await ask(asker, { batch: 2n })).toBeUndefined()
    checker.commit = new Uint8Array(32)
    expect((await ask(asker))?.scores).toHaveLength(48 * outcome.tokens.length)
    expect((await ask(asker, { withScores: false }))?.scores).toHaveLength(0)
    expect(batch().state).toBe('checking')
    // From the custodian, the executor's side of the same door.
    const fromCustodian = net.peers.port(executor.peerId).requestWork(custodian.peerId, request, signal)
    expect(await fromCustodian).toBeUndefined()
    check?.arbiters.push({ host: executor.owner.bytes, commit: new Uint8Array(0), ruling: undefined })
    const forArbiter = await net.peers.port(executor.peerId).requestWork(custodian.peerId, request, signal)
    expect(forArbiter?.scores).toHaveLength(48 * outcome.tokens.length)
  })

  it('is only what was verified, from the executor that it is of', async () => {
    const { net, outcome, executor, custodian, batch } = await scene((made) => {
      made.chain.keepsOpen = true
    })
    await net.until('it is handed over', () => net.gateway.openings.size > 0)
    await net.blocks(2)
    const [kept] = await custodian.store.keptOfBatch(executor.owner.address, 1n)
    const item: OpeningItem = { opening: kept?.opening, data: kept?.data }
    const root = { hash: batch().root, sum: batch().sum }
    const fault = (bent: OpeningItem) => keepingFault(bent, root, 1, executor.device.publicKey)
    expect(fault(item)).toBeUndefined()
    expect(fault({ opening: undefined, data: item.data })).toBe('incomplete')
    expect(keepingFault(item, { ...root, sum: root.sum + 1n }, 1, executor.device.publicKey)).toBe('path')
    expect(keepingFault(item, root, 1, custodian.device.publicKey)).toBe('signature')
    const bentData = item.data && { ...item.data, output: [1] }
    expect(fault({ opening: item.opening, data: bentData })).toBe('data')
    const { opening } = item
    const bentLeaf = opening?.leaf && { ...opening.leaf, orderHash: new Uint8Array(32) }
    expect(fault({ opening: opening && { ...opening, leaf: bentLeaf }, data: item.data })).toBe('order')
    await custodian.store.forgetKept(executor.owner.address, 1n)
    const header = kept?.header
    const push = (from: string, over: object = {}) =>
      net.peers
        .port(from)
        .pushOpenings(
          custodian.peerId,
          { ...(header as NonNullable<typeof header>), ...over },
          [item],
          new AbortController().signal,
        )
    expect(await push('peer-gateway')).toBe(0)
    expect(await push(executor.peerId, { sum: 1n })).toBe(0)
    expect(await push(executor.peerId, { batch: 9n })).toBe(0)
    expect(await push(executor.peerId)).toBe(1)
    expect(await custodian.store.keptOpening(toHex(outcome.made.hash), 1n)).toBeDefined()
  })
})
