import { describe, expect, it } from 'vitest'
import type { CheckedRound } from '../../../test/support/chain/chain-duties.ts'
import {
  ask,
  assignmentsOf,
  checkRound,
  openMessage,
  recordOf,
  runChecks,
  runRace,
} from '../../../test/support/chain/chain-duties.ts'
import type { ChainHarness, HostActor } from '../../../test/support/chain/chain-harness.ts'
import { createChainHarness, hostNamed, word } from '../../../test/support/chain/chain-harness.ts'
import type { AssignmentRound } from '../../protocol/gen/tailrace/v1/query.ts'
import { QueryOpeningsRequest, QueryOpeningsResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import type { MsgOpenVerification, MsgSubmitVerification } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { TypedMessage } from '../../protocol/messages.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const SAMPLE_HEIGHT = 4

/** Ada raced; bob has to check six of her finds. */
function createDrawnChain(): { chain: ChainHarness; duty: AssignmentRound } {
  const chain = createChainHarness({ hosts: [ada, bob] })
  runRace(chain, [{ host: ada, finds: 25 }])
  chain.produceUntil(SAMPLE_HEIGHT)
  const [duty] = assignmentsOf(chain, bob, 0n)
  if (duty === undefined) {
    throw new Error('nothing was drawn')
  }
  return { chain, duty }
}

function changed<T>(message: TypedMessage, changes: Partial<T>): TypedMessage {
  return { ...message, value: { ...message.value, ...changes } } as TypedMessage
}

function submitAndDraw(chain: ChainHarness, host: HostActor, checked: CheckedRound): AssignmentRound {
  expect(chain.deliver(host.device, [checked.submit]).log).toBe('')
  expect(assignmentsOf(chain, host, 0n)[0]?.state).toBe('committed')
  chain.produce()
  chain.produce()
  return assignmentsOf(chain, host, 0n)[0] as AssignmentRound
}

describe('an assignment', () => {
  it('is drawn at the sample height: k finds of each host to others than itself', () => {
    const { chain, duty } = createDrawnChain()
    expect(duty).toMatchObject({ round: 0, state: 'due', openingIndices: [], rootDeadlineHeight: 5n })
    expect(duty.finds).toHaveLength(1)
    expect(duty.finds[0]?.host).toBe(ada.owner.address)
    expect(duty.finds[0]?.nonces).toHaveLength(chain.params.sampleSize)
    expect(assignmentsOf(chain, ada, 0n)).toEqual([])
    expect(chain.blockEvents.filter(({ type }) => type === 'verifiers_drawn')).toHaveLength(1)
  })
})

describe('MsgSubmitVerification', () => {
  it('is taken once, from a drawn verifier, in time', () => {
    const { chain, duty } = createDrawnChain()
    const { submit } = checkRound(chain, bob, duty)
    const elsewhere = { host: ada.owner.address, nonce: 2n ** 60n }
    const assigned = { host: ada.owner.address, nonce: duty.finds[0]?.nonces[0] as bigint }
    const [, ...firsts] = chain.produce([
      chain.sign(bob.device, [changed<MsgSubmitVerification>(submit, { round: 1 })]),
      chain.sign(bob.device, [changed<MsgSubmitVerification>(submit, { epoch: 1n })]),
    ]).txResults
    expect(firsts.map(word)).toEqual(['not_assigned', 'wrong_epoch'])
    // The block above was the deadline.
    expect(word(chain.deliver(bob.device, [submit]))).toBe('deadline_passed')
    const again = createDrawnChain().chain
    const twice = [assigned, assigned]
    const [, ...results] = again.produce([
      again.sign(bob.device, [changed<MsgSubmitVerification>(submit, { mismatches: [elsewhere] })]),
      again.sign(bob.device, [changed<MsgSubmitVerification>(submit, { mismatches: twice })]),
      again.sign(ada.device, [changed<MsgSubmitVerification>(submit, { signer: ada.device.address })]),
    ]).txResults
    expect(results.map(word)).toEqual(['not_assigned', 'not_assigned', 'not_assigned'])
    const last = createDrawnChain().chain
    const [, good, second] = last.produce([last.sign(bob.device, [submit]), last.sign(bob.device, [submit])]).txResults
    expect([word(good), word(second)]).toEqual(['', 'wrong_duty_state'])
  })
})

describe('MsgOpenVerification', () => {
  it('opens exactly the leaves that R two blocks later drew', () => {
    const { chain, duty } = createDrawnChain()
    const checked = checkRound(chain, bob, duty)
    const early = openMessage(chain, bob, checked, [0, 1, 2])
    expect(word(chain.deliver(bob.device, [checked.submit, early]))).toBe('wrong_duty_state')
    const next = createDrawnChain()
    const opening = submitAndDraw(next.chain, bob, checked)
    expect(opening.state).toBe('opening')
    expect(opening.openingIndices).toHaveLength(3)
    const good = openMessage(next.chain, bob, checked, opening.openingIndices)
    const { openings } = good.value as MsgOpenVerification
    const missing = [0, 1, 2, 3, 4, 5].filter((index) => !opening.openingIndices.includes(index))
    const wrongDigest = openings.map((one, at) => (at === 0 ? { ...one, digest: new Uint8Array(32) } : one))
    const bad = [
      changed<MsgOpenVerification>(good, { openings: openings.slice(1) }),
      openMessage(next.chain, bob, checked, missing),
      changed<MsgOpenVerification>(good, { openings: [...openings].reverse() }),
      changed<MsgOpenVerification>(good, { openings: wrongDigest }),
    ]
    const refused = [bad.slice(0, 2), bad.slice(2)].flatMap((pair) =>
      next.chain
        .produce(pair.map((message) => next.chain.sign(bob.device, [message])))
        .txResults.slice(1)
        .map(word),
    )
    expect(refused).toEqual(['wrong_openings', 'wrong_openings', 'wrong_openings', 'proof_invalid'])
    expect(next.chain.deliver(bob.device, [good]).log).toBe('')
    expect(assignmentsOf(next.chain, bob, 0n)[0]?.state).toBe('answered')
    const leaves = ask(
      next.chain,
      'Openings',
      QueryOpeningsRequest.encode({ epoch: 0n, fromIndex: 0n, limit: 0 }).finish(),
      QueryOpeningsResponse,
    ).leaves
    expect(leaves.map(({ index }) => index)).toEqual(opening.openingIndices)
    expect(leaves[0]).toMatchObject({ round: 0, verifier: bob.owner.address, host: ada.owner.address })
    expect(leaves[0]?.digest).toEqual(checked.digests[opening.openingIndices[0] as number])
  })

  it('is too late after the settle, and the duty is missed then', () => {
    const { chain } = createDrawnChain()
    runChecks(chain, [{ host: bob, finds: 0, keepsClosed: true }], 10)
    const [missed] = assignmentsOf(chain, bob, 0n)
    expect(missed?.state).toBe('missed')
    const checked = checkRound(chain, bob, missed as AssignmentRound)
    const late = chain.deliver(bob.device, [openMessage(chain, bob, checked, missed?.openingIndices ?? [])])
    expect(word(late)).toBe('wrong_duty_state')
    expect(recordOf(chain, ada).raceVerdict).toBe('unverified')
  })

  it('that contradicts the own report convicts at once, in that transaction', () => {
    const { chain, duty } = createDrawnChain()
    // "All right", over a root whose digests say otherwise.
    const cheat = { digest: () => new Uint8Array(32).fill(255), mismatches: () => [] }
    const checked = checkRound(chain, bob, duty, cheat)
    const opening = submitAndDraw(chain, bob, checked)
    const result = chain.deliver(bob.device, [openMessage(chain, bob, checked, opening.openingIndices)])
    expect(result.code).toBe(0)
    const fault = result.events.find(({ type }) => type === 'fault')
    expect(fault?.attributes).toContainEqual({ key: 'code', value: 'false_verification' })
    expect(recordOf(chain, bob)).toMatchObject({ faults: 1n, lastFaultCode: 'false_verification', weight: '0' })
    expect(assignmentsOf(chain, bob, 0n)[0]?.state).toBe('false')
  })
})
