import { describe, expect, it } from 'vitest'
import {
  assignmentsOf,
  checkRound,
  epochOf,
  lookForFinds,
  openMessage,
  recordOf,
  runRace,
} from '../../../test/support/chain/chain-duties.ts'
import type { ChainHarness } from '../../../test/support/chain/chain-harness.ts'
import { createChainHarness, hostNamed } from '../../../test/support/chain/chain-harness.ts'
import { decodeAddress } from '../../protocol/address.ts'
import type { AssignmentRound } from '../../protocol/gen/tailrace/v1/query.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import { OPENING_BLOCKS } from '../../protocol/params.ts'
import { readVerification } from '../state/verifications.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
/** The local network's: sample at 4, roots until 11, settle at 16. */
const PARAMS = { epochLength: 18, raceLength: 2, verifyLength: 14 }
const TIMEOUT_MS = 180_000

function roundOf(chain: ChainHarness, round: number): AssignmentRound | undefined {
  return assignmentsOf(chain, bob, 0n).find((assignment) => assignment.round === round)
}

/** A race in which ada committed one forged find. */
function createChain(): { readonly chain: ChainHarness; readonly challenge: TypedMessage } {
  const chain = createChainHarness({ hosts: [ada, bob], params: PARAMS })
  const nonce = lookForFinds(chain, ada, 25).wrong[0] as bigint
  runRace(chain, [{ host: ada, finds: 25, forged: 1 }])
  const find = { host: ada.owner.address, nonce }
  const value = { signer: bob.device.address, epoch: 0n, find }
  return { chain, challenge: { typeUrl: '/tailrace.v1.MsgChallengeFind', value } }
}

/** Posts the root of a round in the next block; the opening to send once it is drawn. */
function postRoot(chain: ChainHarness, round: number): () => TypedMessage {
  const checked = checkRound(chain, bob, roundOf(chain, round) as AssignmentRound)
  expect(chain.deliver(bob.device, [checked.submit]).log).toBe('')
  return () => openMessage(chain, bob, checked, roundOf(chain, round)?.openingIndices ?? [])
}

describe('an extension round', () => {
  it(
    'leaves as many blocks for its opening as round 0, whenever its root was posted',
    () => {
      const { chain, challenge } = createChain()
      expect(chain.deliver(bob.device, [challenge]).log).toBe('')
      chain.produceUntil(4)
      const { settleHeight, rootDeadlineHeight } = epochOf(chain)
      expect([0, 1].map((round) => roundOf(chain, round)?.rootDeadlineHeight)).toEqual([
        rootDeadlineHeight,
        rootDeadlineHeight,
      ])
      const openFirst = postRoot(chain, 0)
      chain.produceUntil(Number(rootDeadlineHeight) - 1)
      const openSecond = postRoot(chain, 1)
      chain.produce()
      expect(roundOf(chain, 1)?.state).toBe('committed')
      chain.produce()
      expect(roundOf(chain, 1)?.state).toBe('opening')
      expect(Number(settleHeight) - chain.height).toBe(OPENING_BLOCKS)
      chain.produceUntil(Number(settleHeight) - 1)
      const txs = [openFirst(), openSecond()].map((message) => chain.sign(bob.device, [message]))
      expect(chain.produce(txs).txResults.map(({ log }) => log)).toEqual(['', '', ''])
      expect(recordOf(chain, ada)).toMatchObject({ raceVerdict: 'verified', findsVerified: 25n })
    },
    TIMEOUT_MS,
  )

  it(
    'that is drawn too late for that may still be answered, and does not count against who does not',
    () => {
      const { chain, challenge } = createChain()
      chain.produceUntil(4)
      const open = postRoot(chain, 0)
      chain.produceUntil(8)
      expect(chain.deliver(bob.device, [open()]).log).toBe('')
      expect(chain.deliver(bob.device, [challenge]).log).toBe('')
      chain.produceUntil(11)
      const { settleHeight } = epochOf(chain)
      expect(roundOf(chain, 1)?.rootDeadlineHeight).toBe(settleHeight - 3n)
      const optional = [0, 1].map(
        (round) => readVerification(chain.store, 0, round, decodeAddress(bob.owner.address))?.optional,
      )
      expect(optional).toEqual([false, true])
      const openLate = postRoot(chain, 1)
      chain.produceUntil(14)
      expect(chain.deliver(bob.device, [openLate()]).log).toBe('')
      chain.produceUntil(Number(settleHeight))
      expect(recordOf(chain, ada)).toMatchObject({ raceVerdict: 'verified', findsVerified: 25n })
    },
    TIMEOUT_MS,
  )
})
