import { describe, expect, it } from 'vitest'
import type { CheckWorld, SentBatch } from '../../../../test/support/chain/chain-checks.ts'
import {
  batchOf,
  commitChecks,
  commitRuling,
  createCheckWorld,
  FAIL,
  FALSE,
  PASS,
  playUntil,
  postWork,
  reportChecks,
  reportOf,
  revealRuling,
  UNAVAILABLE,
  VALID,
  workAndSend,
} from '../../../../test/support/chain/chain-checks.ts'
import type { HostActor } from '../../../../test/support/chain/chain-harness.ts'
import { hostNamed, word } from '../../../../test/support/chain/chain-harness.ts'
import { ownerOf, sessionNamed } from '../../../../test/support/chain/chain-work.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import type { CheckState } from '../../../protocol/gen/tailrace/v1/state.ts'
import { sha256 } from '../../../protocol/hash.ts'
import type { TypedMessage } from '../../../protocol/messages.ts'

const HOSTS = ['ada', 'bob', 'cleo', 'dan', 'eve'].map(hostNamed)
const [ADA] = HOSTS as [HostActor]
const SHOP = sessionNamed('shop')

interface Setup {
  readonly world: CheckWorld
  readonly sent: SentBatch
  readonly check: CheckState
  /** Drawn for it. */
  readonly drawn: HostActor
  /** Not drawn for it. */
  readonly other: HostActor
}

/** One check that waits for its verifier, or for its arbiters. */
function waiting(state: 'opened' | 'committing'): Setup {
  const world = createCheckWorld(HOSTS, [SHOP], { commitBlocks: 12, checkBlocks: 8, postBlocks: 8 })
  const sent = workAndSend(world, SHOP, ADA, 1)
  const isEarly = state === 'opened'
  const roles = { report: () => (isEarly ? undefined : FAIL), rule: () => undefined }
  const [check] = playUntil(world.chain, HOSTS, sent, [state], roles) as [CheckState]
  const named = (isEarly ? check.checkers : check.arbiters).map(({ host }) => host)
  const isNamed = (host: HostActor): boolean => named.some((one) => equalBytes(one, ownerOf(host)))
  const [drawn, other] = [HOSTS.find(isNamed), HOSTS.find((host) => !isNamed(host) && host !== ADA)]
  return { world, sent, check, drawn: drawn as HostActor, other: other as HostActor }
}

function say({ world: { chain } }: Setup, host: HostActor, ...messages: TypedMessage[]): string {
  return word(chain.deliver(host.device, messages))
}

function stateOf({ world: { chain }, sent }: Setup): string {
  return batchOf(chain, sent.id).checks[0]?.state ?? ''
}

describe('a commit to a check', () => {
  it('is taken from a drawn verifier, once', () => {
    const setup = waiting('opened')
    const { drawn, other, check } = setup
    expect(say(setup, other, commitChecks(other, [check]))).toBe('not_assigned')
    expect(say(setup, ADA, commitChecks(ADA, [check]))).toBe('not_assigned')
    expect(say(setup, drawn, commitChecks(drawn, [check]))).toBe('')
    expect(say(setup, drawn, commitChecks(drawn, [check]))).toBe('wrong_duty_state')
  })

  it('is refused for unknown checks and after the deadline', () => {
    const setup = waiting('opened')
    const { drawn, check, world } = setup
    expect(say(setup, drawn, commitChecks(drawn, [{ ...check, point: 77 }]))).toBe('unknown_check')
    expect(say(setup, drawn, commitChecks(drawn, [{ ...check, batch: 77n }]))).toBe('unknown_batch')
    world.chain.produceUntil(Number(check.deadlineHeight))
    // Other verifiers are asked now.
    expect(say(setup, drawn, commitChecks(drawn, [check]))).toBe('not_assigned')
  })
})

describe('a report', () => {
  it('needs a commit in an earlier block', () => {
    const setup = waiting('opened')
    const { drawn, check } = setup
    const report = reportChecks(drawn, [reportOf(drawn, check, PASS)])
    expect(say(setup, drawn, report)).toBe('wrong_duty_state')
    expect(say(setup, drawn, commitChecks(drawn, [check]), report)).toBe('wrong_duty_state')
    expect(say(setup, drawn, commitChecks(drawn, [check]))).toBe('')
    expect(say(setup, drawn, report)).toBe('')
    expect(stateOf(setup)).toBe('passed')
    expect(say(setup, drawn, report)).toBe('wrong_duty_state')
  })

  it('names the scores that were committed to', () => {
    const setup = waiting('opened')
    const { drawn, check } = setup
    expect(say(setup, drawn, commitChecks(drawn, [check]))).toBe('')
    const other = { ...reportOf(drawn, check, PASS), scoresHash: sha256(Uint8Array.of(9)) }
    expect(say(setup, drawn, reportChecks(drawn, [other]))).toBe('commit_mismatch')
    expect(stateOf(setup)).toBe('opened')
  })

  it('cannot pass what its own numbers fail', () => {
    const setup = waiting('opened')
    const { drawn, check } = setup
    expect(say(setup, drawn, commitChecks(drawn, [check]))).toBe('')
    const report = reportOf(drawn, check, { ...PASS, maxMargin: 1_000_000 })
    expect(say(setup, drawn, reportChecks(drawn, [report]))).toBe('report_inconsistent')
  })

  it('is not taken from a host that was not drawn, nor from a convicted one', () => {
    const setup = waiting('opened')
    const { other, check } = setup
    expect(say(setup, other, reportChecks(other, [reportOf(other, check, UNAVAILABLE)]))).toBe('not_assigned')
  })
})

describe('data that is posted', () => {
  it('has to be the receipt’s, with its scores where they fit', () => {
    const setup = waiting('opened')
    const { drawn, check, sent, world } = setup
    const [work] = sent.tree.works
    const data = work?.data
    if (data === undefined) {
      throw new Error('no data')
    }
    const post = (bent: Partial<typeof data>): string =>
      say(setup, ADA, postWork(ADA.device, check, { ...data, ...bent }))
    expect(post({})).toBe('wrong_duty_state')
    expect(say(setup, drawn, reportChecks(drawn, [reportOf(drawn, check, UNAVAILABLE)]))).toBe('')
    expect(stateOf(setup)).toBe('demanded')
    expect(post({ prompt: data.prompt.slice(1) })).toBe('work_data_invalid')
    expect(post({ orderHash: new Uint8Array(32) })).toBe('work_data_invalid')
    expect(batchOf(world.chain, sent.id).checks[0]?.deadlineHeight).toBeGreaterThanOrEqual(BigInt(world.chain.height))
  })

  it.each(['request', 'output', 'scores', 'nothing'] as const)('is refused with other %s, taken when right', (part) => {
    const setup = waiting('opened')
    const { drawn, check, sent } = setup
    const data = sent.tree.works[0]?.data
    const request = data?.request
    if (data === undefined || request === undefined) {
      throw new Error('no data')
    }
    say(setup, drawn, reportChecks(drawn, [reportOf(drawn, check, UNAVAILABLE)]))
    const bents = {
      request: { request: { ...request, maxTokens: 3 } },
      output: { output: data.output.map((token) => token + 1) },
      scores: { scores: new Uint8Array(0) },
      nothing: {},
    }
    const answer = say(setup, ADA, postWork(ADA.device, check, { ...data, ...bents[part] }))
    expect(answer).toBe(part === 'nothing' ? '' : 'work_data_invalid')
    expect(stateOf(setup)).toBe(part === 'nothing' ? 'opened' : 'demanded')
    if (part === 'nothing') {
      const again = say(setup, drawn, reportChecks(drawn, [reportOf(drawn, check, UNAVAILABLE)]))
      expect(again).toBe('wrong_duty_state')
    }
  })

  it('can be posted in a dispute, so that arbiters have it', () => {
    const setup = waiting('committing')
    const data = setup.sent.tree.works[0]?.data
    if (data === undefined) {
      throw new Error('no data')
    }
    expect(say(setup, ADA, postWork(ADA.device, setup.check, data))).toBe('')
    expect(stateOf(setup)).toBe('committing')
    expect(say(setup, ADA, postWork(ADA.device, setup.check, data))).toBe('wrong_duty_state')
  })
})

describe('a ruling', () => {
  it('is committed to by drawn arbiters, then shown as it was', () => {
    const setup = waiting('committing')
    const { check, world, other } = setup
    const arbiters = HOSTS.filter((host) => check.arbiters.some((one) => equalBytes(one.host, ownerOf(host))))
    const [first, second, third] = arbiters as [HostActor, HostActor, HostActor]
    expect(say(setup, other, commitRuling(other, check, VALID))).toBe('not_assigned')
    expect(say(setup, first, revealRuling(first, check, VALID))).toBe('wrong_duty_state')
    expect(say(setup, first, commitRuling(first, check, FALSE))).toBe('')
    expect(say(setup, first, commitRuling(first, check, FALSE))).toBe('wrong_duty_state')
    const contradicting = { ...VALID, maxMargin: 1_000_000 }
    expect(say(setup, second, commitRuling(second, check, contradicting))).toBe('')
    world.chain.produceUntil(Number(check.deadlineHeight))
    expect(stateOf(setup)).toBe('revealing')
    expect(say(setup, first, revealRuling(first, check, VALID))).toBe('commit_mismatch')
    expect(say(setup, second, revealRuling(second, check, contradicting))).toBe('report_inconsistent')
    // Who did not commit in time has nothing to show.
    expect(say(setup, third, commitRuling(third, check, VALID))).toBe('wrong_duty_state')
  })
})
