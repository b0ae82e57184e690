import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Report, Roles, SentBatch } from '../../test/support/chain/chain-checks.ts'
import {
  actionsOf,
  batchOf,
  CHECK_SERVING,
  FAIL,
  FALSE,
  PASS,
  UNAVAILABLE,
  VALID,
} from '../../test/support/chain/chain-checks.ts'
import { setActiveMessage } from '../../test/support/chain/chain-duties.ts'
import type { Actor, ChainHarness, HostActor } from '../../test/support/chain/chain-harness.ts'
import { hostNamed, signTx, verifyOnce, word } from '../../test/support/chain/chain-harness.ts'
import type { DoneWork, TestBatch, Workbench } from '../../test/support/chain/chain-work.ts'
import {
  batchMessage,
  createWorkbench,
  createWorkChain,
  DEVELOPER,
  depositMessage,
  serveMessage,
  sessionNamed,
  withdrawMessage,
} from '../../test/support/chain/chain-work.ts'
import { toHex } from '../lib/bytes.ts'
import { decodeAddress } from '../protocol/address.ts'
import { LaneState } from '../protocol/gen/tailrace/v1/state.ts'
import type { TypedMessage } from '../protocol/messages.ts'
import { createApplication } from './create-application.ts'
import { sequenceOf } from './state/chain-status.ts'
import { listRecords } from './state/records.ts'
import { listBatches, openBatches } from './state/work/batches.ts'
import { dueEvents, PRUNE_EVENT } from './state/work/due.ts'
import { laneRange } from './state/work/work-keys.ts'

/**
 * Random work: payers, executors, verifiers and arbiters who do it well, badly or not at all. The harness recounts the money
 * after each block; here is what must hold beside.
 */
const HOSTS = ['ada', 'bob', 'cleo', 'dan'].map(hostNamed)
const SESSIONS = ['one', 'two', 'three'].map(sessionNamed)
/** Weights end at the settle of the first epoch: after it batches meet no verifiers. */
const PARAMS = {
  epochLength: 40,
  raceLength: 24,
  verifyLength: 8,
  serving: { ...CHECK_SERVING, checkFloor: 3, auditPpm: 300_000, withdrawEpochs: 1 },
}
/** Blocks in which things happen, and blocks until all of it has ended. */
const BLOCKS = 45
const REST = 45
const TIMEOUT_MS = 240_000

/** What is wrong with a batch. */
const BENDS = [
  'none',
  'none',
  'none',
  'sum',
  'again',
  'stolen',
  'liar',
  'greedy',
  'loose',
  'doubled',
  'undrawn',
] as const
type Bend = (typeof BENDS)[number]

type Step =
  | {
      readonly do: 'batch'
      readonly host: number
      readonly session: number
      readonly count: number
      readonly bend: Bend
    }
  | { readonly do: 'deposit'; readonly session: number; readonly amount: bigint }
  | { readonly do: 'withdraw'; readonly session: number }
  | { readonly do: 'prove'; readonly host: number; readonly session: number }
  | { readonly do: 'serve'; readonly host: number; readonly on: boolean }
  | { readonly do: 'switch'; readonly host: number; readonly on: boolean }

const hostIndex = fc.nat(HOSTS.length - 1)
const sessionIndex = fc.nat(SESSIONS.length - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('batch' as const),
      host: hostIndex,
      session: sessionIndex,
      count: fc.integer({ min: 1, max: 3 }),
      bend: fc.constantFrom(...BENDS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('deposit' as const),
      session: sessionIndex,
      amount: fc.bigInt({ min: 1n, max: 300n }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), session: sessionIndex }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('prove' as const), host: hostIndex, session: sessionIndex }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('serve' as const), host: hostIndex, on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('switch' as const), host: hostIndex, on: fc.boolean() }) },
)

/** How each host behaves in one run. */
interface Character {
  readonly opens: boolean
  readonly posts: boolean
  readonly reports: 'pass' | 'fail' | 'unavailable' | 'silent'
  readonly rules: 'valid' | 'false' | 'silent' | 'hides'
}
const character: fc.Arbitrary<Character> = fc.record({
  opens: fc.constantFrom(true, true, true, false),
  posts: fc.boolean(),
  reports: fc.constantFrom('pass', 'pass', 'fail', 'unavailable', 'silent'),
  rules: fc.constantFrom('valid', 'false', 'false', 'silent', 'hides'),
})
interface Plan {
  readonly characters: Character[]
  readonly blocks: Step[][]
}
const plans: fc.Arbitrary<Plan> = fc.record({
  characters: fc.array(character, { minLength: HOSTS.length, maxLength: HOSTS.length }),
  blocks: fc.array(fc.array(step, { maxLength: 2 }), { minLength: BLOCKS, maxLength: BLOCKS }),
})

const HONEST: Character = { opens: true, posts: true, reports: 'pass', rules: 'valid' }
const steps = (every: number, make: (block: number) => Step[]): Step[][] =>
  Array.from({ length: BLOCKS }, (_, block) => (block % every === 0 ? make(block) : []))
const batchBy = (host: number, bend: Bend, session = 0): Step => ({ do: 'batch', host, session, count: 2, bend })
/** Runs that reach every end, whatever is drawn for the others. */
const EXAMPLES: [Plan][] = [
  [
    {
      characters: HOSTS.map(() => HONEST),
      blocks: steps(6, (block) => [
        batchBy(block % 4, 'none', block % 3),
        batchBy((block + 1) % 4, 'stolen', 1),
        batchBy((block + 3) % 4, 'sum', 2),
      ]),
    },
  ],
  [
    {
      characters: HOSTS.map((_, index) => ({ ...HONEST, reports: index === 1 ? 'fail' : 'pass', rules: 'false' })),
      blocks: steps(8, () => [
        batchBy(0, 'none'),
        batchBy(1, 'loose', 1),
        batchBy(2, 'liar', 2),
        batchBy(3, 'again', 1),
        batchBy(3, 'doubled'),
      ]),
    },
  ],
  [
    {
      characters: HOSTS.map((_, index) => ({
        ...HONEST,
        opens: index !== 0,
        posts: index === 1,
        reports: index > 1 ? 'unavailable' : 'fail',
        rules: index === 2 ? 'silent' : 'valid',
      })),
      blocks: steps(7, (block) => [
        batchBy(block % 3, 'none', block % 3),
        batchBy(3, 'undrawn', 1),
        { do: 'withdraw', session: 2 },
      ]),
    },
  ],
]

interface World {
  readonly chain: ChainHarness
  readonly bench: Workbench
  readonly sent: SentBatch[]
  readonly seen: Map<string, number>
}

interface Action {
  readonly actor: Actor
  readonly messages: readonly TypedMessage[]
  readonly tree?: TestBatch
  readonly host?: HostActor
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T
}

function actionOf(world: World, next: Step): Action {
  switch (next.do) {
    case 'batch':
      return batchAction(world, next)
    case 'deposit':
      return { actor: DEVELOPER, messages: [depositMessage(DEVELOPER, at(SESSIONS, next.session), next.amount)] }
    case 'withdraw':
      return { actor: DEVELOPER, messages: [withdrawMessage(DEVELOPER, at(SESSIONS, next.session))] }
    case 'prove': {
      const { device } = at(HOSTS, next.host)
      const { order } = world.bench.work(at(SESSIONS, next.session), at(HOSTS, next.host), {
        undrawn: true,
        order: { total: 1n << 40n },
        loose: true,
      })
      world.bench.batch(at(HOSTS, next.host))
      const value = { signer: device.address, first: order, second: undefined }
      return { actor: device, messages: [{ typeUrl: '/tailrace.v1.MsgProveOvercommit', value }] }
    }
    case 'serve': {
      const host = at(HOSTS, next.host)
      return { actor: host.device, messages: [serveMessage(host, next.on ? [{}] : [])] }
    }
    case 'switch': {
      const host = at(HOSTS, next.host)
      return { actor: host.device, messages: [setActiveMessage(host.device.address, host, next.on)] }
    }
  }
}

function batchAction(world: World, next: Extract<Step, { do: 'batch' }>): Action {
  const { bench } = world
  const [host, session] = [at(HOSTS, next.host), at(SESSIONS, next.session)]
  const options = {
    loose: next.bend === 'loose',
    ...(next.bend === 'liar' ? { order: { total: 0n } } : {}),
    ...(next.bend === 'greedy' ? { order: { total: 1n << 40n } } : {}),
  }
  for (let index = 0; index < next.count; index++) {
    doWork(bench, session, host, { ...options, undrawn: next.bend === 'undrawn' })
  }
  const tree = bench.batch(host)
  const doubled =
    next.bend === 'doubled' ? bench.batch(host, { works: tree.works.flatMap((work) => [work, work]) }) : tree
  const earlier = world.sent.find((sent) => sent.host === host)?.tree.message
  const message = next.bend === 'again' && earlier !== undefined ? earlier : bentMessage(next.bend, doubled)
  const sender = next.bend === 'stolen' ? at(HOSTS, (next.host + 1) % HOSTS.length) : host
  const signed = { ...message, signer: sender.device.address }
  return { actor: sender.device, messages: [batchMessage(signed)], tree: doubled, host: sender }
}

function bentMessage(bend: Bend, { message }: TestBatch): TestBatch['message'] {
  return bend === 'sum' ? { ...message, sum: message.sum + 1n } : message
}

/** Drawn where a roster names the host; else it takes the order all the same. */
function doWork(
  bench: Workbench,
  session: Actor,
  host: HostActor,
  options: Parameters<Workbench['work']>[2],
): DoneWork {
  try {
    return bench.work(session, host, options)
  } catch {
    // Nobody draws it any more.
    return bench.work(session, host, { ...options, undrawn: true })
  }
}

const REPORTS: Readonly<Record<Character['reports'], Report | undefined>> = {
  pass: PASS,
  fail: FAIL,
  unavailable: UNAVAILABLE,
  silent: undefined,
}

function rolesOf(characters: readonly Character[], sent: SentBatch): Roles {
  const of = (host: HostActor): Character => at(characters, HOSTS.indexOf(host))
  return {
    ...(of(sent.host).opens ? {} : { opener: 'nobody' }),
    post: of(sent.host).posts,
    report: (host) => REPORTS[of(host).reports],
    rule: (host) => (of(host).rules === 'silent' ? undefined : of(host).rules === 'false' ? FALSE : VALID),
    hides: (host) => of(host).rules === 'hides',
  }
}

function playOne(world: World, characters: readonly Character[], next: readonly Step[]): void {
  const { chain, sent, seen } = world
  const open = sent.filter(({ id }) => isOpen(chain, id))
  const duties = open.flatMap((one) => actionsOf(chain, HOSTS, one, rolesOf(characters, one)))
  const actions: Action[] = [
    ...next.map((one) => actionOf(world, one)),
    ...duties.map(({ actor, message }) => ({ actor, messages: [message] })),
  ]
  const used = new Map<string, bigint>()
  const txs = actions.map(({ actor, messages }) => {
    const offset = used.get(actor.address) ?? 0n
    used.set(actor.address, offset + 1n)
    return signTx(actor, messages, { sequence: sequenceOf(chain.store, decodeAddress(actor.address)) + offset })
  })
  const results = chain.produce(txs).txResults.slice(1)
  for (const [index, result] of results.entries()) {
    count(seen, word(result))
    for (const { type, attributes } of result.events) {
      count(seen, attributes.find(({ key }) => type === 'fault' && key === 'code')?.value ?? type)
    }
    const { tree, host } = at(actions, index)
    const id = result.events.find(({ type }) => type === 'batch')?.attributes.find(({ key }) => key === 'id')?.value
    if (result.code === 0 && tree !== undefined && host !== undefined && id !== undefined) {
      sent.push({ id: BigInt(id), tree, host })
    }
  }
}

function isOpen(chain: ChainHarness, id: bigint): boolean {
  return [...listBatches(chain.store)].some(
    (batch) => batch.id === id && ['accepted', 'checking'].includes(batch.state),
  )
}

function count(seen: Map<string, number>, name: string): void {
  seen.set(name, (seen.get(name) ?? 0) + 1)
}

function lanesOf(chain: ChainHarness): Map<string, LaneState> {
  return new Map([...listRecords(chain.store, laneRange(), LaneState)].map(([key, lane]) => [toHex(key), lane]))
}

/** No lane is forgotten or goes back. */
function expectForward(before: Map<string, LaneState>, after: Map<string, LaneState>): void {
  const fallen = [...before].filter(([key, lane]) => {
    const now = after.get(key)
    return now === undefined || now.accepted < lane.accepted || now.sequence < lane.sequence
  })
  expect(fallen).toEqual([])
}

/** Everything has ended: nothing is open, and nothing waits but to be forgotten. */
function expectRest(chain: ChainHarness): void {
  const batches = [...listBatches(chain.store)]
  expect(batches.filter(({ state }) => state !== 'paid' && state !== 'refunded')).toEqual([])
  for (const { executor, epoch } of batches) {
    expect(openBatches(chain.store, executor, Number(epoch))).toBe(0n)
  }
  const waiting = dueEvents(chain.store, 100_000, 10_000)
  expect(waiting.filter(({ point }) => point !== PRUNE_EVENT)).toEqual([])
}

function expectReplay(chain: ChainHarness): void {
  const app = createApplication({ verifySignature: verifyOnce })
  app.initChain(chain.genesis)
  for (const { input, appHash } of chain.history) {
    expect(toHex(app.finalizeBlock(input).appHash)).toBe(toHex(appHash))
    app.commit()
  }
}

function run({ characters, blocks }: Plan, seen: Map<string, number>): void {
  const chain = createWorkChain({
    hosts: HOSTS,
    sessions: SESSIONS.map((session) => [session, 2_000n]),
    params: PARAMS,
  })
  const world: World = { chain, bench: createWorkbench(chain), sent: [], seen }
  for (let block = 0; block < BLOCKS + REST; block++) {
    const before = lanesOf(chain)
    playOne(world, characters, blocks[block] ?? [])
    expectForward(before, lanesOf(chain))
  }
  expectRest(chain)
  for (const { id } of world.sent) {
    const known = [...listBatches(chain.store)].find((batch) => batch.id === id)
    for (const { state } of known === undefined ? [] : batchOf(chain, id).checks) {
      count(seen, `check ${state}`)
    }
    count(seen, `batch ${known?.state ?? 'forgotten'}`)
  }
  for (const { type, attributes } of chain.blockEvents) {
    count(seen, attributes.code ?? type)
  }
  expectReplay(chain)
}

describe('random work', () => {
  it(
    'conserves the money, never takes a lane back, comes to an end, and replays to the same app hashes',
    () => {
      const seen = new Map<string, number>()
      fc.assert(
        fc.property(plans, (plan) => run(plan, seen)),
        { numRuns: 5, examples: EXAMPLES },
      )
      expect(seen.get('internal')).toBeUndefined()
      const reached = [...seen].map(([name]) => name).sort()
      for (const name of [
        '',
        'lane_behind',
        'batch paid',
        'batch refunded',
        'check passed',
        'check withheld',
        'check unchecked',
        'false_inference',
        'false_receipt',
        'escrow_frozen',
        'escrow_released',
        'voucher_invalid',
        'sum_mismatch',
      ]) {
        expect(reached).toContain(name)
      }
    },
    TIMEOUT_MS,
  )
})
