import { describe, expect, it } from 'vitest'
import type { CheckWorld, Roles } from '../../../test/support/chain/chain-checks.ts'
import {
  batchOf,
  createCheckWorld,
  FAIL,
  FALSE,
  moneyWords,
  PASS,
  playBatch,
  playBlock,
  playUntil,
  UNAVAILABLE,
  VALID,
  workAndSend,
} from '../../../test/support/chain/chain-checks.ts'
import { recordOf } from '../../../test/support/chain/chain-duties.ts'
import type { HostActor } from '../../../test/support/chain/chain-harness.ts'
import { hostNamed } from '../../../test/support/chain/chain-harness.ts'
import { escrowOf, ownerOf, serviceOf, sessionNamed } from '../../../test/support/chain/chain-work.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { sha256 } from '../../protocol/hash.ts'
import { NUMERIC_CLASSES } from '../../protocol/work/classes.ts'
import { balanceOf } from '../state/bank.ts'
import { openBatches } from '../state/work/batches.ts'

const HOSTS = ['ada', 'bob', 'cleo', 'dan', 'eve'].map(hostNamed)
const [ADA, BOB] = HOSTS as [HostActor, HostActor]
const SHOP = sessionNamed('shop')
const MILL = sessionNamed('mill')
const objects: Roles = { report: () => FAIL, rule: () => FALSE }

/** Hosts that reported on any check of the batch. */
function reporters(world: CheckWorld, id: bigint): HostActor[] {
  const drawn = batchOf(world.chain, id).checks.flatMap(({ checkers }) => checkers)
  return HOSTS.filter((host) => drawn.some((one) => equalBytes(one.host, ownerOf(host)) && one.txHash !== ''))
}

function faultsOf(world: CheckWorld): string[] {
  return world.chain.blockEvents
    .filter(({ type }) => type === 'fault')
    .map(({ attributes }) => {
      const name = HOSTS.find(({ owner }) => owner.address === attributes.host)?.owner.name
      return `${name} ${attributes.code}`
    })
}

describe('a false receipt', () => {
  it('convicts its executor where the arbiters find it false: half is burned, payers and the finder share the rest', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain } = world
    const sent = workAndSend(world, SHOP, ADA, 1)
    const before = escrowOf(chain, SHOP).available
    expect(playBatch(chain, HOSTS, sent, objects)).toBe('refunded')
    const { batch, checks } = batchOf(chain, sent.id)
    expect(checks.map(({ state }) => state)).toEqual(['failed'])
    expect(faultsOf(world)).toEqual(['ada false_inference'])
    const record = recordOf(chain, ADA)
    expect(record).toMatchObject({ weight: '0', held: '0', bond: '0', faults: 1n, lastFaultCode: 'false_inference' })
    expect(record.lastFaultTx).toBe(checks[0]?.checkers[0]?.txHash)
    // 42 were held: 21 are burned, the payer gets 21, nothing is left for the finder.
    expect(moneyWords(chain, ADA)).toEqual(['hold order_income 42', 'debit slashed_held 42'])
    expect(batch).toMatchObject({ refunded: 21n, openChecks: 0 })
    expect(escrowOf(chain, SHOP).available).toBe(before + 21n)
    expect(openBatches(chain.store, ownerOf(ADA), 0)).toBe(0n)
  })

  it('gives the finder what the payers leave', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain } = world
    const good = workAndSend(world, SHOP, ADA, 10)
    expect(playBatch(chain, HOSTS, good)).toBe('paid')
    const held = BigInt(recordOf(chain, ADA).held)
    const bad = workAndSend(world, SHOP, ADA, 1)
    expect(playBatch(chain, HOSTS, bad, objects)).toBe('refunded')
    const taken = held + 42n
    expect(batchOf(chain, bad.id).batch.refunded).toBe(42n)
    const [finder] = reporters(world, bad.id)
    expect(balanceOf(chain.store, ownerOf(finder as HostActor))).toBe(taken - taken / 2n - 42n)
    expect(serviceOf(chain, ADA)).toMatchObject({ g: 0n, suspicion: 0n, checksFailed: 1n })
  })

  it('settles every open batch of the convicted host, to the last unit', () => {
    const world = createCheckWorld(HOSTS, [SHOP, MILL])
    const { chain } = world
    const first = workAndSend(world, SHOP, ADA, 3)
    const second = workAndSend(world, MILL, ADA, 5)
    const third = workAndSend(world, SHOP, ADA, 2)
    const before = [SHOP, MILL].map((session) => escrowOf(chain, session).available)
    const roles: Roles = { ...objects, report: (_, { batch }) => (batch === second.id ? FAIL : undefined) }
    for (let block = 0; block < 30 && batchOf(chain, second.id).batch.state !== 'refunded'; block++) {
      playBlock(chain, HOSTS, [second, first, third], roles)
    }
    const batches = [first, second, third].map(({ id }) => batchOf(chain, id).batch)
    expect(batches.map(({ state }) => state)).toEqual(['refunded', 'refunded', 'refunded'])
    // 420 held, 210 for payers: the batch with the fault first, the rest to the oldest.
    expect(batches.map(({ refunded }) => refunded)).toEqual([0n, 210n, 0n])
    expect(escrowOf(chain, SHOP).available).toBe(before[0])
    expect(escrowOf(chain, MILL).available).toBe((before[1] as bigint) + 210n)
    expect(openBatches(chain.store, ownerOf(ADA), 0)).toBe(0n)
    // Nothing of them is due any more but to be forgotten.
    const due = [...chain.store.entries()].filter(([key]) => key[0] === 0x7a)
    expect(due).toHaveLength(3)
    expect(due.every(([key]) => key.at(-1) === 0xfc)).toBe(true)
  })
})

describe('a lying verifier', () => {
  it('is convicted where the arbiters find the receipt right: the executor is the finder', () => {
    const world = createCheckWorld(HOSTS, [SHOP, MILL])
    const { chain } = world
    // The liar has something to lose.
    const sent = workAndSend(world, SHOP, ADA, 1)
    const [check] = playUntil(chain, HOSTS, sent, ['opened'], { report: () => undefined })
    const liar = HOSTS.find((host) => equalBytes(ownerOf(host), check?.checkers[0]?.host ?? new Uint8Array(0)))
    const own = workAndSend(world, MILL, liar as HostActor, 4)
    const before = balanceOf(chain.store, ownerOf(ADA))
    const roles: Roles = { report: (_, { batch }) => (batch === sent.id ? FAIL : undefined), rule: () => VALID }
    expect(playBatch(chain, HOSTS, sent, roles)).toBe('paid')
    expect(faultsOf(world)).toEqual([`${liar?.owner.name} false_report`])
    expect(batchOf(chain, own.id).batch).toMatchObject({ state: 'refunded', refunded: 84n })
    expect(balanceOf(chain.store, ownerOf(ADA))).toBe(before)
    expect(batchOf(chain, sent.id).checks.map(({ state }) => state)).toEqual(['passed'])
    // The report does not stand; the three arbiters do.
    expect(moneyWords(chain, ADA).filter((line) => line.includes('check_fee'))).toHaveLength(3)
    expect(moneyWords(chain, liar as HostActor).some((line) => line.includes('check_reward'))).toBe(false)
  })

  it('is not convicted where the margin is near the limit', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const sent = workAndSend(world, SHOP, ADA, 1)
    expect(
      playBatch(world.chain, HOSTS, sent, {
        report: () => FAIL,
        rule: () => ({ ...VALID, maxMargin: NUMERIC_CLASSES['fp32-wasm'].hardMargin }),
      }),
    ).toBe('paid')
    expect(faultsOf(world)).toEqual([])
  })

  it('that passes everything without a look is found by an audit', () => {
    const world = createCheckWorld(HOSTS, [SHOP], { auditPpm: 1_000_000 })
    const { chain } = world
    const sent = workAndSend(world, SHOP, ADA, 1)
    const [check] = playUntil(chain, HOSTS, sent, ['opened'], { report: () => undefined })
    expect(check?.checkers).toHaveLength(2)
    const lazy = check?.checkers[0]?.host ?? new Uint8Array(0)
    const roles: Roles = { report: (host) => (equalBytes(ownerOf(host), lazy) ? PASS : FAIL), rule: () => FALSE }
    expect(playBatch(chain, HOSTS, sent, roles)).toBe('refunded')
    const name = HOSTS.find((host) => equalBytes(ownerOf(host), lazy))?.owner.name
    expect(faultsOf(world)).toEqual([`${name} false_report`, 'ada false_inference'])
  })

  it('is never drawn as one of two where nobody would be left to judge', () => {
    const three = HOSTS.slice(0, 3)
    const world = createCheckWorld(three, [SHOP], { auditPpm: 1_000_000 })
    const sent = workAndSend(world, SHOP, ADA, 1)
    const [check] = playUntil(world.chain, three, sent, ['opened'], { report: () => undefined })
    expect(check?.checkers).toHaveLength(1)
    // The third host alone is the arbiter, and one is enough where only one could be drawn.
    expect(playBatch(world.chain, three, sent, objects)).toBe('refunded')
    expect(faultsOf(world)).toEqual(['ada false_inference'])
  })
})

describe('arbiters', () => {
  it('who disagree convict nobody: the receipt goes back to its payer', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain } = world
    const sent = workAndSend(world, SHOP, ADA, 2)
    const before = escrowOf(chain, SHOP).available
    const rule: Roles['rule'] = (host) => ({ ...FALSE, scoresHash: sha256(ownerOf(host)) })
    expect(playBatch(chain, HOSTS, sent, { report: () => FAIL, rule })).toBe('paid')
    const { batch, checks } = batchOf(chain, sent.id)
    expect(checks.map(({ state }) => state)).toEqual(checks.map(() => 'void'))
    expect(faultsOf(world)).toEqual([])
    const leaves = new Set(checks.map(({ opening }) => opening?.index)).size
    expect(batch.refunded).toBe(42n * BigInt(leaves))
    expect(escrowOf(chain, SHOP).available).toBe(before + batch.refunded)
  })

  it('who say nothing, or do not show what they committed to, decide nothing', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const silent = workAndSend(world, SHOP, ADA, 1)
    expect(playBatch(world.chain, HOSTS, silent, { report: () => FAIL, rule: () => undefined })).toBe('paid')
    expect(batchOf(world.chain, silent.id).checks.map(({ state }) => state)).toEqual(['void'])
    const hidden = workAndSend(world, SHOP, BOB, 1)
    expect(playBatch(world.chain, HOSTS, hidden, { ...objects, hides: () => true })).toBe('paid')
    expect(batchOf(world.chain, hidden.id).checks.map(({ state }) => state)).toEqual(['void'])
    expect(faultsOf(world)).toEqual([])
  })

  it('decide with two of three', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain } = world
    const sent = workAndSend(world, SHOP, ADA, 1)
    const [check] = playUntil(chain, HOSTS, sent, ['committing'], { ...objects, rule: () => undefined })
    const [odd] = check?.arbiters ?? []
    expect(check?.arbiters).toHaveLength(3)
    const rule: Roles['rule'] = (host) => (equalBytes(ownerOf(host), odd?.host ?? new Uint8Array(0)) ? VALID : FALSE)
    expect(playBatch(chain, HOSTS, sent, { report: () => FAIL, rule })).toBe('refunded')
    expect(faultsOf(world)).toEqual(['ada false_inference'])
  })

  it('are none where nobody is left: the receipt is void', () => {
    const two = HOSTS.slice(0, 2)
    const world = createCheckWorld(two, [SHOP])
    const sent = workAndSend(world, SHOP, ADA, 1)
    expect(playBatch(world.chain, two, sent, objects)).toBe('paid')
    expect(batchOf(world.chain, sent.id).checks.map(({ state }) => state)).toEqual(['void'])
  })
})

describe('margins that are small one by one', () => {
  it('call the arbiters where they are too many in all', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain } = world
    const sent = workAndSend(world, SHOP, ADA, 1)
    // 64 · 18 − 40 tokens is above 1,024.
    const report: Roles['report'] = () => ({ ...PASS, softMargins: 18 })
    expect(playBatch(chain, HOSTS, sent, { report, rule: () => FALSE })).toBe('refunded')
    expect(faultsOf(world)).toEqual(expect.arrayContaining(['ada false_inference']))
    expect(chain.blockEvents.some(({ type }) => type === 'check_disputed')).toBe(true)
  })

  it('are forgotten token by token', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const { chain } = world
    const some = workAndSend(world, SHOP, ADA, 1)
    expect(playBatch(chain, HOSTS, some, { report: () => ({ ...PASS, softMargins: 2 }) })).toBe('paid')
    expect(serviceOf(chain, ADA)?.suspicion).toBe(88n)
    const none = workAndSend(world, SHOP, ADA, 1)
    expect(playBatch(chain, HOSTS, none)).toBe('paid')
    expect(serviceOf(chain, ADA)?.suspicion).toBe(48n)
  })
})

describe('work that is withheld', () => {
  it('goes back lane by lane, and the same sum is burned of what else the host holds; g is halved', () => {
    const world = createCheckWorld(HOSTS, [SHOP, MILL])
    const { chain, bench } = world
    const good = workAndSend(world, SHOP, ADA, 10)
    expect(playBatch(chain, HOSTS, good)).toBe('paid')
    const g = serviceOf(chain, ADA)?.g ?? 0n
    const held = BigInt(recordOf(chain, ADA).held)
    const before = [SHOP, MILL].map((session) => escrowOf(chain, session).available)
    bench.work(SHOP, ADA)
    const bad = workAndSend(world, MILL, ADA, 2)
    expect(playBatch(chain, HOSTS, bad, { opener: 'nobody' })).toBe('refunded')
    expect(batchOf(chain, bad.id).batch).toMatchObject({ refunded: 126n, openChecks: 0 })
    expect(escrowOf(chain, SHOP).available).toBe(before[0])
    expect(escrowOf(chain, MILL).available).toBe(before[1])
    expect(BigInt(recordOf(chain, ADA).held)).toBe(held - 126n)
    expect(moneyWords(chain, ADA).slice(-4)).toEqual([
      'hold order_income 126',
      'debit opening_withheld 42',
      'debit opening_withheld 84',
      'debit withheld_penalty 126',
    ])
    expect(serviceOf(chain, ADA)).toMatchObject({ g: g >> 1n, withheld: 1n })
    expect(faultsOf(world)).toEqual([])
  })

  it('never costs what another open batch may have to give back', () => {
    const world = createCheckWorld(HOSTS, [SHOP, MILL])
    const { chain } = world
    const kept = workAndSend(world, SHOP, ADA, 4)
    const bad = workAndSend(world, MILL, ADA, 2)
    const quiet: Roles = { report: () => undefined }
    playUntil(chain, HOSTS, kept, ['opened'], quiet)
    for (let block = 0; block < 12 && batchOf(chain, bad.id).batch.state !== 'refunded'; block++) {
      playBlock(chain, HOSTS, [kept], quiet)
    }
    expect(batchOf(chain, bad.id).batch.refunded).toBe(84n)
    expect(BigInt(recordOf(chain, ADA).held)).toBe(168n)
    expect(playBatch(chain, HOSTS, kept)).toBe('paid')
  })

  it('may be opened by anybody who keeps it: another host, or the payer', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    for (const opener of [BOB.device, SHOP]) {
      const sent = workAndSend(world, SHOP, ADA, 1)
      expect(playBatch(world.chain, HOSTS, sent, { opener })).toBe('paid')
    }
  })

  it('is posted on demand, and then checked', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const sent = workAndSend(world, SHOP, ADA, 1)
    const roles: Roles = { report: (_, { posted }) => (posted ? PASS : UNAVAILABLE) }
    expect(playBatch(world.chain, HOSTS, sent, roles)).toBe('paid')
    const [check] = batchOf(world.chain, sent.id).checks
    expect(check).toMatchObject({ state: 'passed', posted: true })
    expect(check?.postedTx).toMatch(/^[0-9A-F]{64}$/)
  })

  it('goes back where nobody posts what is demanded', () => {
    const world = createCheckWorld(HOSTS, [SHOP])
    const sent = workAndSend(world, SHOP, ADA, 1)
    expect(playBatch(world.chain, HOSTS, sent, { report: () => UNAVAILABLE, post: false })).toBe('refunded')
    expect(batchOf(world.chain, sent.id).checks.map(({ state }) => state)).toEqual(['withheld'])
  })
})
