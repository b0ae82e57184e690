import { afterEach, describe, expect, test } from 'vitest'
import { batchOf } from '../../../test/support/chain/chain-checks.ts'
import { recordOf } from '../../../test/support/chain/chain-duties.ts'
import { ownerOf } from '../../../test/support/chain/chain-work.ts'
import type { CheckSetup, CheckSetupOptions } from '../../../test/support/checking/check-setup.ts'
import { ADA, setUpChecks, verifierOf } from '../../../test/support/checking/check-setup.ts'
import type { CheckingHost } from '../../../test/support/checking/checking-world.ts'
import type { ToyWork, ToyWorkOptions } from '../../../test/support/checking/toy-work.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { encodeAddress } from '../../protocol/address.ts'
import type { CheckReport } from '../../protocol/gen/tailrace/v1/tx.ts'
import { CheckVerdict } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { Ruling, WorkData } from '../../protocol/gen/tailrace/v1/work.ts'
import { Ruling as RulingCodec } from '../../protocol/gen/tailrace/v1/work.ts'
import { NUMERIC_CLASSES } from '../../protocol/work/classes.ts'
import type { KeptOpening } from './ports.ts'

const { hardMargin } = NUMERIC_CLASSES['fp32-wasm']
const OTHER_WEIGHTS = { toy: { weights: 2 } }
/** More than there are verifiers, each with a point of its own. */
const SEVERAL = Array.from({ length: 6 }, (_, index) => ({ seed: BigInt(index), loose: true }))

let current: CheckSetup | undefined

afterEach(async () => {
  await current?.world.stop()
  current = undefined
})

function setUp(options: CheckSetupOptions = {}): CheckSetup {
  current = setUpChecks(options)
  return current
}

interface WithCustodian {
  readonly setup: CheckSetup
  /** The custodian, who is not drawn to verify. */
  readonly keeper: CheckingHost
  readonly work: ToyWork
}

async function setUpWithCustodian(): Promise<WithCustodian> {
  for (let blocksBefore = 3; blocksBefore < 20; blocksBefore++) {
    const setup = setUp({ blocksBefore })
    const { world, executor, base, hosts } = setup
    await world.until('verifiers are drawn', () => executor.checks().length > 0)
    const custodian = encodeAddress(batchOf(base.chain, executor.id).batch.custodian)
    const keeper = hosts.find(({ context }) => context.keys.ownerAddress === custodian)
    const [work] = executor.works
    if (keeper !== undefined && work !== undefined && keeper !== verifierOf(setup)) {
      return { setup, keeper, work }
    }
    await world.stop()
  }
  throw new Error('the custodian is always the verifier')
}

function peerOf({ actor }: CheckingHost): string {
  return `peer of ${actor.owner.name}`
}

function pointsOf({ executor }: CheckSetup, { actor }: CheckingHost): number {
  return executor.checks().filter(({ checkers }) => checkers.some(({ host }) => equalBytes(host, ownerOf(actor))))
    .length
}

function reportsOf({ world }: CheckSetup): CheckReport[] {
  return world.sent.flatMap(({ message, code }) =>
    message.typeUrl === '/tailrace.v1.MsgReportChecks' && code === 0 ? message.value.reports : [],
  )
}

function rulingsOf({ world }: CheckSetup): Ruling[] {
  return world.sent.flatMap(({ message, code }) =>
    message.typeUrl === '/tailrace.v1.MsgRevealRuling' && code === 0 && message.value.ruling !== undefined
      ? [message.value.ruling]
      : [],
  )
}

function refused({ world }: CheckSetup): string[] {
  return world.sent.filter(({ code }) => code !== 0).map(({ log }) => log)
}

function verdicts({ hosts }: CheckSetup): string[] {
  return hosts.flatMap(({ checking }) => checking.log().map(({ role, verdict }) => `${role} ${verdict}`)).sort()
}

describe('as a verifier', () => {
  test('honest work passes; scores are asked for after the commit alone', async () => {
    const setup = setUp()
    const { world, executor } = setup
    await executor.playUntil(['passed'])
    expect(verdicts(setup)).toEqual(['verifier pass'])
    expect(reportsOf(setup)).toMatchObject([{ maxMargin: 0, softMargins: 0 }])
    expect(refused(setup)).toEqual([])
    const commit = world.sent.find(({ message }) => message.typeUrl === '/tailrace.v1.MsgCommitChecks')
    const before = world.asked.filter(({ height }) => height < (commit?.height ?? 0))
    expect(before.map(({ to, withScores }) => [to, withScores])).toEqual([['peer of ada', false]])
    const after = world.asked.filter(({ height }) => height >= (commit?.height ?? 0))
    expect(after.map(({ to, withScores }) => [to, withScores])).toEqual([['peer of ada', true]])
    expect(verifierOf(setup).notices()).toEqual(['check_reported'])
  })

  test('a device that rounds differently passes within its class', async () => {
    const setup = setUp({ host: { toy: { noise: 3 } } })
    await setup.executor.playUntil(['passed'])
    const [report] = reportsOf(setup)
    expect(report?.maxMargin).toBeGreaterThan(0)
    expect(report?.maxMargin).toBeLessThanOrEqual(6)
  })

  test('several checks go to the chain together', async () => {
    const setup = setUp({ works: SEVERAL })
    const { world, executor } = setup
    await executor.playUntil(['passed'])
    const commits = world.sent.flatMap(({ message }) =>
      message.typeUrl === '/tailrace.v1.MsgCommitChecks' ? [message.value.commits.length] : [],
    )
    expect(commits.reduce((sum, count) => sum + count, 0)).toBe(executor.checks().length)
    expect(commits.length).toBeLessThan(executor.checks().length)
    expect(refused(setup)).toEqual([])
  })

  test('one pass at a time is computed', async () => {
    let [running, most] = [0, 0]
    const onScore = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }
    const setup = setUp({ works: SEVERAL, host: { toy: { onScore } } })
    // Only one host's passes are counted.
    await setup.world.until('verifiers are drawn', () => setup.executor.checks().length > 0)
    const busiest = setup.hosts.find((host) => pointsOf(setup, host) > 1)
    await Promise.all(setup.hosts.filter((host) => host !== busiest).map((host) => host.stop()))
    await setup.executor.playUntil(['passed', 'unchecked', 'opened'])
    await setup.world.until('all passes', () => (busiest?.inference.passes.length ?? 0) > 1)
    await setup.world.blocks(4)
    expect(most).toBe(1)
  })
})

describe('another model', () => {
  test('fails by its margins; arbiters agree to the last bit; the executor is convicted', async () => {
    const setup = setUp({ works: [OTHER_WEIGHTS] })
    const { world, executor, base } = setup
    await executor.playUntil(['failed'])
    expect(verdicts(setup)).toEqual(['arbiter invalid', 'arbiter invalid', 'arbiter invalid', 'verifier fail'])
    const [report] = reportsOf(setup)
    expect(report?.maxMargin).toBeGreaterThan(4 * hardMargin)
    expect(report?.softMargins).toBeGreaterThan(10)
    const rulings = rulingsOf(setup).map((ruling) => RulingCodec.encode(ruling).finish())
    expect(rulings).toHaveLength(3)
    expect(new Set(rulings.map((bytes) => bytes.join())).size).toBe(1)
    expect(recordOf(base.chain, ADA)).toMatchObject({ faults: 1n, lastFaultCode: 'false_inference' })
    expect(refused(setup)).toEqual([])
    const asked = setup.hosts.flatMap(({ inference }) => inference.passes.map(({ engine }) => engine)).sort()
    // The verifier's own pass, its second opinion, and three rulings.
    expect(asked).toEqual(['own', 'reference', 'reference', 'reference', 'reference'])
    expect(world.requests).toEqual([])
  })

  test('in several receipts is ruled in few transactions', async () => {
    const works = [...SEVERAL, ...SEVERAL].map((work) => ({ ...work, ...OTHER_WEIGHTS }))
    const setup = setUp({ works })
    await setup.executor.playUntil(['failed', 'void'])
    const sent = setup.world.sent.filter(({ message }) => message.typeUrl === '/tailrace.v1.MsgCommitRuling')
    expect(sent.length).toBeGreaterThan(setup.executor.checks().length)
    expect(new Set(sent.map(({ from, height }) => `${from}/${height}`)).size).toBeLessThanOrEqual(sent.length / 2)
  })

  test.each<[string, ToyWorkOptions]>([
    ['tokens that the model does not have', { bend: (out) => ({ ...out, tokens: out.tokens.map(() => 9_999) }) }],
    [
      'an early stop',
      { bend: (out) => ({ tokens: out.tokens.slice(0, 4), scores: out.scores.slice(0, 4 * 48), finish: 'stop' }) },
    ],
    [
      'one altered token',
      { bend: (out) => ({ ...out, tokens: out.tokens.map((token, at) => (at === 9 ? (token % 63) + 1 : token)) }) },
    ],
  ])('and so does %s', async (_name, work) => {
    const setup = setUp({ works: [work] })
    await setup.executor.playUntil(['failed'])
    expect(verdicts(setup)).toEqual(['arbiter invalid', 'arbiter invalid', 'arbiter invalid', 'verifier fail'])
    expect(refused(setup)).toEqual([])
  })

  test('cannot hide from the arbiters: the verifier keeps what it judged', async () => {
    const setup = setUp({ works: [OTHER_WEIGHTS] })
    const { world, executor } = setup
    await executor.playUntil(['disputed', 'committing'])
    world.sources.delete('peer of ada')
    world.sources.delete('peer of a gateway')
    await executor.playUntil(['failed'])
    expect(verdicts(setup)).toEqual(['arbiter invalid', 'arbiter invalid', 'arbiter invalid', 'verifier fail'])
  })

  test('a device that computes wrong accuses nobody: the reference engine is asked first', async () => {
    const setup = setUp({ host: { toy: { noise: 5_000 } } })
    await setup.executor.playUntil(['passed'])
    expect(reportsOf(setup)).toMatchObject([{ verdict: CheckVerdict.CHECK_VERDICT_PASS, maxMargin: 0 }])
    expect(verifierOf(setup).logged('own engine deviates from the reference')).toBe(1)
  })

  test('without a second opinion in time the own judgement stands', async () => {
    const onScore = (job: { engine: string }): void | Promise<void> =>
      job.engine === 'reference' ? new Promise<void>(() => undefined) : undefined
    const setup = setUp({ works: [OTHER_WEIGHTS], host: { toy: { onScore } } })
    await setup.executor.playUntil(['disputed'])
    expect(reportsOf(setup)).toMatchObject([{ verdict: CheckVerdict.CHECK_VERDICT_FAIL }])
  })
})

describe('data that does not come', () => {
  test('is unavailable after half of the window, asked for by gossip before, and posted data passes', async () => {
    const setup = setUp()
    const { world, executor } = setup
    world.sources.clear()
    await executor.playUntil(['opened'])
    const opened = world.chain.height
    const deadline = Number(executor.checks()[0]?.deadlineHeight)
    await executor.playUntil(['demanded'])
    expect(world.chain.height - opened).toBeGreaterThanOrEqual(6)
    expect(world.chain.height).toBeLessThan(deadline)
    expect(world.requests).toMatchObject([
      { batch: executor.id, point: 0, host: verifierOf(setup).actor.owner.address },
    ])
    await executor.playUntil(['passed'], { posts: true })
    expect(verdicts(setup)).toEqual(['verifier pass', 'verifier unavailable'])
    expect(refused(setup)).toEqual([])
  })

  test('and is not posted either: the batch is refunded', async () => {
    const setup = setUp()
    setup.world.sources.clear()
    await setup.executor.playUntil(['withheld'])
    expect(setup.executor.batchState()).toBe('refunded')
    expect(verdicts(setup)).toEqual(['verifier unavailable'])
  })

  test.each([
    ['gateway', 'peer of ada'],
    ['executor', 'peer of a gateway'],
  ])('the %s alone is enough', async (_name, silent) => {
    const setup = setUp()
    setup.world.sources.delete(silent)
    await setup.executor.playUntil(['passed'])
    expect(verdicts(setup)).toEqual(['verifier pass'])
  })

  test('the custodian alone is enough', async () => {
    const { setup, keeper, work } = await setUpWithCustodian()
    const { world, executor } = setup
    world.sources.clear()
    world.sources.set(
      peerOf(keeper),
      world.honestSource(() => work.data),
    )
    await executor.playUntil(['passed'])
    expect(verdicts(setup)).toEqual(['verifier pass'])
  })

  test('a custodian that could not be reached goes to who calls for it', async () => {
    const { setup, keeper, work } = await setUpWithCustodian()
    const { world, executor } = setup
    world.sources.clear()
    const { orderHash } = work.data
    const opening = executor.sent.tree.openingOf(0)
    keeper.disk.kept.set(toHex(orderHash), { data: work.data, opening } as KeptOpening)
    await executor.playUntil(['opened'])
    await world.until('a call', () => world.probes.length > 0, 4)
    const model = work.data.request?.model
    expect(world.probes).toEqual([{ orderHash, model, from: peerOf(keeper), to: peerOf(verifierOf(setup)) }])
    // Now there is a connection.
    world.sources.set(
      peerOf(keeper),
      world.honestSource(() => work.data),
    )
    await executor.playUntil(['passed'])
    expect(verdicts(setup)).toEqual(['verifier pass'])
  })

  test('a call of somebody who is not drawn is not answered', async () => {
    const { setup, keeper, work } = await setUpWithCustodian()
    const { world, executor } = setup
    const opening = executor.sent.tree.openingOf(0)
    keeper.disk.kept.set(toHex(work.data.orderHash), { data: work.data, opening } as KeptOpening)
    await executor.playUntil(['opened'])
    const { orderHash } = work.data
    const call = { epoch: 0n, sentAtMs: 0n, batch: executor.id, point: 0, orderHash, signature: new Uint8Array(64) }
    for (const { context } of setup.hosts.filter((host) => host !== verifierOf(setup))) {
      await keeper.components.peers.publishCheckRequest({ ...call, host: context.keys.ownerAddress })
    }
    await keeper.components.peers.publishCheckRequest({ ...call, host: ADA.owner.address })
    await executor.playUntil(['passed'])
    expect(world.probes).toEqual([])
  })

  test('a source that is silent holds nobody up', async () => {
    const setup = setUp()
    setup.world.sources.set('peer of ada', () => new Promise(() => undefined))
    await setup.executor.playUntil(['passed'])
    expect(verdicts(setup)).toEqual(['verifier pass'])
  })

  test('scores that are withheld after the commit are unavailable, not false', async () => {
    const setup = setUp()
    const { world, executor } = setup
    const honest = world.sources.get('peer of ada')
    const withoutScores = async (
      ...question: Parameters<NonNullable<typeof honest>>
    ): Promise<WorkData | undefined> => {
      const data = await honest?.(...question)
      return data && { ...data, scores: new Uint8Array(0) }
    }
    world.sources.set('peer of ada', withoutScores)
    world.sources.set('peer of a gateway', withoutScores)
    await executor.playUntil(['demanded'])
    expect(verdicts(setup)).toEqual(['verifier unavailable'])
    await executor.playUntil(['passed'], { posts: true })
    expect(refused(setup)).toEqual([])
  })

  test('nothing is said where the own engine fails', async () => {
    const onScore = (): void => {
      throw new CodedError('device_lost', 'the device is gone')
    }
    const setup = setUp({ host: { toy: { onScore } } })
    await setup.executor.playUntil(['unchecked'])
    expect(verdicts(setup)).toEqual([])
    expect(setup.world.sent.map(({ message }) => message.typeUrl)).toEqual(['/tailrace.v1.MsgOpenReceipts'])
  })
})

describe('lies of others', () => {
  const LIES: readonly (readonly [string, (data: WorkData) => WorkData])[] = [
    [
      'another token',
      (data) => ({ ...data, output: data.output.map((token, at) => (at === 3 ? (token + 1) % 64 : token)) }),
    ],
    ['another prompt', (data) => ({ ...data, prompt: [9, ...data.prompt.slice(1)] })],
    ['another request', (data) => ({ ...data, request: data.request && { ...data.request, seed: 8n } })],
    ['another order', (data) => ({ ...data, orderHash: new Uint8Array(32) })],
    ['a token less', (data) => ({ ...data, output: data.output.slice(0, -1), scores: data.scores.slice(0, -48) })],
    ['other scores', (data) => ({ ...data, scores: data.scores.map((byte, at) => (at === 7 ? byte ^ 1 : byte)) })],
  ]

  test.each(LIES)('%s from one source is no answer; another source decides', async (_name, bend) => {
    const setup = setUp()
    const { world, executor } = setup
    const honest = world.sources.get('peer of ada')
    world.sources.set('peer of ada', async (from, request) => {
      const data = await honest?.(from, request)
      return data && bend(data)
    })
    await executor.playUntil(['passed'])
    expect(verdicts(setup)).toEqual(['verifier pass'])
    expect(verifierOf(setup).logged('work data refused')).toBeGreaterThan(0)
  })

  test('from everybody they are unavailable, never false', async () => {
    const setup = setUp()
    const { world, executor } = setup
    const honest = world.sources.get('peer of ada')
    for (const peer of ['peer of ada', 'peer of a gateway']) {
      world.sources.set(peer, async (from, request) => {
        const data = await honest?.(from, request)
        return data && { ...data, output: data.output.map((token) => (token + 1) % 64) }
      })
    }
    await executor.playUntil(['demanded'])
    expect(verdicts(setup)).toEqual(['verifier unavailable'])
  })
})
