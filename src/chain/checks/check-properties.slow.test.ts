import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Action, CheckWorld, Report, Roles, SentBatch } from '../../../test/support/chain/chain-checks.ts'
import {
  actionsOf,
  commitChecks,
  commitRuling,
  createCheckWorld,
  FAIL,
  FALSE,
  openingsOf,
  openReceipts,
  PASS,
  reportChecks,
  reportOf,
  UNAVAILABLE,
  VALID,
} from '../../../test/support/chain/chain-checks.ts'
import type { Actor, ChainHarness, HostActor } from '../../../test/support/chain/chain-harness.ts'
import { hostNamed, signTx, verifyOnce, word } from '../../../test/support/chain/chain-harness.ts'
import type { WorkOptions } from '../../../test/support/chain/chain-work.ts'
import { acceptedOf, batchMessage, ownerOf, sessionNamed } from '../../../test/support/chain/chain-work.ts'
import { toHex } from '../../lib/bytes.ts'
import { sumBigint } from '../../lib/fixed-point.ts'
import { decodeAddress } from '../../protocol/address.ts'
import type { CheckState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { Ruling } from '../../protocol/gen/tailrace/v1/work.ts'
import { createApplication } from '../create-application.ts'
import { sequenceOf } from '../state/chain-status.ts'
import { listHosts } from '../state/hosts.ts'
import { heldKey } from '../state/keys.ts'
import { readLedgerTotals } from '../state/ledger.ts'
import { getAmount } from '../state/records.ts'
import { listBatches, listOpenBatches, readBatch } from '../state/work/batches.ts'
import { readCheck } from '../state/work/checks.ts'
import { dueUntil } from '../state/work/work-keys.ts'

/**
 * Everybody behaves as a seed says: honest, silent, lying, withholding, contradicting. Whatever they do, the money adds up after
 * every block (the harness recounts it), every batch ends, nothing stays due, and the chain replays to the same hashes.
 */
const HOSTS = ['ada', 'bob', 'cleo', 'dan'].map(hostNamed)
const SESSIONS = ['shop', 'mill'].map(sessionNamed)
/** Hosts that do not race lose their weight at the settle: all batches are sent before it. */
const LAST_BATCH_HEIGHT = 24
const EPOCH = { epochLength: 31, raceLength: 21, verifyLength: 8, holdEpochs: 1, emissionPerEpoch: 99_999n }
const BLOCKS = 75
const TIMEOUT_MS = 240_000

interface Sending {
  readonly height: number
  readonly host: number
  readonly session: number
  readonly receipts: number
  readonly bend: number
  readonly loose: boolean
}

/** What an honest host does is likelier than anything else; then what cheats do. */
const BENDS: readonly WorkOptions[] = [{}, {}, {}, {}, { receipt: { price: 40n } }, { undrawn: true }]
const REPORTS: readonly (Report | undefined)[] = [
  PASS,
  PASS,
  PASS,
  FAIL,
  UNAVAILABLE,
  undefined,
  { ...PASS, softMargins: 18 },
]
const RULINGS: readonly (Ruling | undefined)[] = [VALID, VALID, FALSE, FALSE, { ...FALSE, maxMargin: 100 }, undefined]

const sending: fc.Arbitrary<Sending> = fc.record({
  height: fc.integer({ min: 4, max: LAST_BATCH_HEIGHT }),
  host: fc.nat(HOSTS.length - 1),
  session: fc.nat(SESSIONS.length - 1),
  receipts: fc.integer({ min: 1, max: 6 }),
  bend: fc.nat(BENDS.length - 1),
  loose: fc.boolean(),
})
const plans = fc.record({
  sendings: fc.array(sending, { minLength: 2, maxLength: 8 }),
  mood: fc.nat(1_000),
  floor: fc.constantFrom(0, 3, 6),
  auditPpm: fc.constantFrom(0, 500_000, 1_000_000),
})
type Plan = typeof plans extends fc.Arbitrary<infer T> ? T : never

/** A choice of the list by seed, place and person: the same whenever it is asked for again. */
function pick<T>(list: readonly T[], ...seed: readonly (number | bigint)[]): T {
  let mixed = 17
  for (const value of seed) {
    mixed = (Math.imul(mixed, 31) + Number(value) + 7) >>> 0
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0x5bd1e995) >>> 0
  }
  return list[mixed % list.length] as T
}

function rolesOf(mood: number, { id, host }: SentBatch): Roles {
  const number = (one: HostActor): number => HOSTS.indexOf(one)
  return {
    opener: pick([host.device, host.device, HOSTS[1]?.device as Actor, 'nobody' as const], mood, id),
    report: (one, { point, posted }) => {
      // Now and then nobody looks at every second point.
      const report = mood % 5 === 0 && point % 2 === 0 ? undefined : pick(REPORTS, mood, id, point, number(one))
      return posted && report === UNAVAILABLE ? PASS : report
    },
    post: pick([true, true, false], mood, id, 5),
    rule: (one, { point }) => pick(RULINGS, mood, id, point, number(one), 9),
    hides: (one) => pick([false, false, false, true], mood, id, number(one)),
  }
}

/** Messages that make no sense at this time or of this host. */
function noise(chain: ChainHarness, mood: number, sent: readonly SentBatch[]): Action[] {
  const batch = pick(sent, mood, chain.height)
  const host = pick(HOSTS, mood, chain.height, 2)
  const check =
    batch === undefined ? undefined : readCheck(chain.store, batch.id, pick([0, 1, 2], mood, chain.height, 3))
  if (batch === undefined || check === undefined) {
    return []
  }
  const other: CheckState = { ...check, offset: 0n }
  const messages = [
    openReceipts(host.device, batch.id, openingsOf(batch.tree, [other])),
    commitChecks(host, [check]),
    reportChecks(host, [reportOf(host, check, FAIL)]),
    commitRuling(host, check, FALSE),
  ]
  return [{ actor: host.device, message: pick(messages, mood, chain.height, 4) }]
}

function sendDue(world: CheckWorld, plan: Plan): { actor: Actor; tree: SentBatch['tree']; host: HostActor }[] {
  const { chain, bench } = world
  return plan.sendings
    .filter(({ height, host }, index) => {
      const same = plan.sendings.findIndex((other) => other.height === height && other.host === host)
      return height === chain.height && same === index
    })
    .map(({ host: index, session: at, receipts, bend, loose }) => {
      const host = HOSTS[index] as HostActor
      const session = SESSIONS[at] as Actor
      const options = { ...BENDS[bend], loose: loose && bend === 0 }
      const works = Array.from({ length: receipts }, () => bench.work(session, host, options))
      return { actor: host.device, tree: bench.batch(host, { works }), host }
    })
}

interface Seen {
  readonly states: Set<string>
  readonly codes: Set<string>
  readonly faults: Set<string>
}

function runPlan(plan: Plan, seen: Seen): void {
  const world = createCheckWorld(HOSTS, SESSIONS, { checkFloor: plan.floor, auditPpm: plan.auditPpm }, EPOCH)
  const { chain } = world
  const sent: SentBatch[] = []
  const lanes = new Map<string, bigint>()
  while (chain.height < BLOCKS) {
    const fresh = isRostered(chain) ? sendDue(world, plan) : []
    const open = sent.filter(({ id }) => ['accepted', 'checking'].includes(readBatch(chain.store, id)?.state ?? ''))
    const actions = [
      ...fresh.map(({ actor, tree }) => ({ actor, message: batchMessage(tree.message) })),
      ...open.flatMap((batch) => actionsOf(chain, HOSTS, batch, rolesOf(plan.mood, batch))),
      ...noise(chain, plan.mood, sent),
    ]
    const results = chain.produce(signed(chain, actions)).txResults.slice(1)
    for (const result of results) {
      seen.codes.add(word(result))
      const fault = result.events.find(({ type }) => type === 'fault')
      seen.faults.add(fault?.attributes.find(({ key }) => key === 'code')?.value ?? '')
    }
    for (const [index, { tree, host }] of fresh.entries()) {
      const id = results[index]?.events.find(({ type }) => type === 'batch')?.attributes[0]?.value
      if (id !== undefined) {
        sent.push({ id: BigInt(id), tree, host })
      }
    }
    expectLanesToRise(chain, lanes)
    expectOpenBatchesToBeCovered(chain)
  }
  expectAllOver(chain)
  expectReplay(chain)
  for (const { type, attributes } of chain.blockEvents) {
    seen.states.add(type === 'check_closed' ? (attributes.state ?? '') : type)
    if (type === 'fault') {
      seen.faults.add(attributes.code ?? '')
    }
  }
}

/** Orders can be drawn: the hosts still have their weight. */
function isRostered(chain: ChainHarness): boolean {
  return chain.height <= LAST_BATCH_HEIGHT && listHosts(chain.store).every(({ weight }) => weight !== '0')
}

function signed(chain: ChainHarness, actions: readonly Action[]): Uint8Array[] {
  const used = new Map<string, bigint>()
  return actions.map(({ actor, message }) => {
    const ahead = used.get(actor.address) ?? 0n
    used.set(actor.address, ahead + 1n)
    return signTx(actor, [message], { sequence: sequenceOf(chain.store, decodeAddress(actor.address)) + ahead })
  })
}

function expectLanesToRise(chain: ChainHarness, lanes: Map<string, bigint>): void {
  for (const session of SESSIONS) {
    for (const host of HOSTS) {
      const name = `${session.name}/${host.owner.name}`
      const accepted = acceptedOf(chain, session, host)
      expect(accepted).toBeGreaterThanOrEqual(lanes.get(name) ?? 0n)
      lanes.set(name, accepted)
    }
  }
}

/** What an open batch may have to give back stands among its executor's earnings of its own epoch. */
function expectOpenBatchesToBeCovered({ store }: ChainHarness): void {
  for (const host of HOSTS) {
    const open = listOpenBatches(store, ownerOf(host))
    for (const epoch of new Set(open.map((batch) => batch.epoch))) {
      const owed = open.filter((batch) => batch.epoch === epoch).map(({ sum, refunded }) => sum - refunded)
      expect(getAmount(store, heldKey(ownerOf(host), Number(epoch)))).toBeGreaterThanOrEqual(sumBigint(owed))
    }
  }
}

function expectAllOver(chain: ChainHarness): void {
  const { store } = chain
  const open = [...listBatches(store)].filter(({ state }) => state !== 'paid' && state !== 'refunded')
  expect(open).toEqual([])
  expect(HOSTS.some((host) => listOpenBatches(store, ownerOf(host)).length > 0)).toBe(false)
  // Nothing is due but the forgetting of batches that are over.
  const { from, to } = dueUntil(1_000_000)
  const due = [...store.range(from, to)].map(([key]) => key.slice(-4))
  expect(due.every((point) => toHex(point) === 'fffffffc')).toBe(true)
  for (const { owner, held, bond } of listHosts(store)) {
    const totals = readLedgerTotals(store, owner)
    const [inflow, credited, bonded, lost] = [totals.held, totals.credited, totals.bonded, totals.debitedHeld].map(
      BigInt,
    )
    expect((inflow as bigint) - (credited as bigint) - (bonded as bigint) - (lost as bigint)).toBe(BigInt(held))
    expect((bonded as bigint) - BigInt(totals.debitedBond)).toBe(BigInt(bond))
  }
}

function expectReplay(chain: ChainHarness): void {
  const app = createApplication({ verifySignature: verifyOnce })
  app.initChain(chain.genesis)
  for (const { input, appHash } of chain.history) {
    expect(toHex(app.finalizeBlock(input).appHash)).toBe(toHex(appHash))
    app.commit()
  }
}

describe('whatever executors, verifiers and arbiters do', () => {
  it(
    'every batch ends, the money adds up to the last unit, and the chain replays',
    () => {
      const seen: Seen = { states: new Set(), codes: new Set(), faults: new Set() }
      fc.assert(
        fc.property(plans, (plan) => runPlan(plan, seen)),
        { numRuns: 6, examples: [...EXAMPLES] },
      )
      expect(seen.codes.has('internal')).toBe(false)
      // The plans must have reached what they are to test.
      for (const state of ['passed', 'failed', 'void', 'withheld', 'unchecked', 'batch_refunded', 'batch_closed']) {
        expect([state, seen.states.has(state)]).toEqual([state, true])
      }
      for (const fault of ['false_inference', 'false_report', 'false_receipt']) {
        expect([fault, seen.faults.has(fault)]).toEqual([fault, true])
      }
    },
    TIMEOUT_MS,
  )
})

/** Plans with many batches, so that every outcome is reached whatever else is drawn. */
const EXAMPLES: readonly [Plan][] = [6, 12, 17].map((mood) => [
  {
    sendings: Array.from({ length: 8 }, (_, index) => ({
      height: 4 + 2 * index,
      host: index % HOSTS.length,
      session: index % SESSIONS.length,
      receipts: 1 + (index % 4),
      bend: index === 6 ? 4 : 0,
      loose: false,
    })),
    mood,
    floor: 3,
    auditPpm: 500_000,
  },
])
