import { describe, expect, it } from 'vitest'
import type { EpochPlan, VerifierCheat } from '../../../test/support/chain/chain-duties.ts'
import {
  ask,
  assignmentsOf,
  epochOf,
  lookForFinds,
  recordOf,
  runChecks,
  runEpoch,
  runRace,
} from '../../../test/support/chain/chain-duties.ts'
import type { ChainHarness, HostActor } from '../../../test/support/chain/chain-harness.ts'
import { createChainHarness, hostNamed, signTx, word } from '../../../test/support/chain/chain-harness.ts'
import { toHex } from '../../lib/bytes.ts'
import { decodeAddress } from '../../protocol/address.ts'
import {
  QueryLedgerRequest,
  QueryLedgerResponse,
  QueryOpeningsRequest,
  QueryOpeningsResponse,
} from '../../protocol/gen/tailrace/v1/query.ts'
import { sha256 } from '../../protocol/hash.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import { balanceOf, readSupply } from '../state/bank.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const cleo = hostNamed('cleo')
const EVERYTHING = { sampleSize: 100, extensionSize: 100 }
const TIMEOUT_MS = 120_000

function honest(host: HostActor, finds = 20): EpochPlan {
  return { host, finds }
}

function challengeFind(accuser: HostActor, epoch: bigint, host: HostActor, nonce: bigint): TypedMessage {
  const find = { host: host.owner.address, nonce }
  return { typeUrl: '/tailrace.v1.MsgChallengeFind', value: { signer: accuser.device.address, epoch, find } }
}

function challengeOpening(accuser: HostActor, verifier: HostActor, index: number): TypedMessage {
  const value = { signer: accuser.device.address, epoch: 0n, round: 0, verifier: verifier.owner.address, index }
  return { typeUrl: '/tailrace.v1.MsgChallengeOpening', value }
}

function faultsOf(chain: ChainHarness): Record<string, string>[] {
  return chain.blockEvents.filter(({ type }) => type === 'fault').map(({ attributes }) => attributes)
}

/** Hash of the first transaction of this kind by this actor, from the blocks themselves. */
function txHashOf(chain: ChainHarness, height: number, position: number): string {
  const block = chain.history.find(({ input }) => Number(input.height) === height)
  return toHex(sha256(block?.input.txs[position] ?? new Uint8Array(0))).toUpperCase()
}

function reasonsOf(chain: ChainHarness, host: HostActor): string[] {
  const request = QueryLedgerRequest.encode({ host: host.owner.address, fromSequence: 0n, limit: 0 }).finish()
  return ask(chain, 'Ledger', request, QueryLedgerResponse).entries.map(({ kind, reason }) => `${kind} ${reason}`)
}

function openedBy(chain: ChainHarness, verifier: HostActor): number[] {
  const request = QueryOpeningsRequest.encode({ epoch: epochOf(chain).epoch, fromIndex: 0n, limit: 0 }).finish()
  const { leaves } = ask(chain, 'Openings', request, QueryOpeningsResponse)
  return leaves.filter((leaf) => leaf.verifier === verifier.owner.address).map(({ index }) => index)
}

/** A digest that looks like a find's and is none of this attempt. */
const lie = { digest: (_find: unknown, digest: Uint8Array) => sha256(digest).fill(0, 0, 1), mismatches: () => [] }

/** One wrong digest, the first; the rest is honest work. */
function lieOnce(): VerifierCheat {
  let lied: bigint | undefined
  return {
    digest: (find, digest) => {
      lied ??= find.nonce
      return find.nonce === lied ? sha256(digest).fill(0, 0, 1) : digest
    },
    mismatches: () => [],
  }
}

describe('forged finds', () => {
  it(
    'two of them are fraud: weight, earnings and reputation are gone, half burned, half to the finder',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob, cleo], params: EVERYTHING })
      runEpoch(chain, [honest(ada), honest(bob), honest(cleo)])
      const before = recordOf(chain, ada)
      expect(before).toMatchObject({ raceVerdict: 'verified', held: '33333333' })
      expect(BigInt(before.weight)).toBeGreaterThan(0n)
      const plans = [{ host: ada, finds: 20, forged: 2 }, honest(bob), { ...honest(cleo), silent: true }]
      runRace(chain, plans)
      runChecks(chain, plans, 12 + 6)
      const faults = faultsOf(chain)
      expect(faults).toEqual([
        {
          host: ada.owner.address,
          code: 'forged_find',
          // Bob's report: the first transaction of his in block 17.
          evidence_tx: txHashOf(chain, 17, 2),
          epoch: '1',
          finder: bob.owner.address,
        },
      ])
      expect(recordOf(chain, ada)).toMatchObject({
        weight: '0',
        weightPpm: 0n,
        reputationPpm: 0n,
        held: '0',
        bond: '0',
        faults: 1n,
        lastFaultCode: 'forged_find',
        raceVerdict: 'convicted',
      })
      expect(readSupply(chain.store)).toMatchObject({ burned: 16_666_666n, balances: 16_666_667n })
      expect(balanceOf(chain.store, decodeAddress(bob.owner.address))).toBe(16_666_667n)
      runChecks(chain, plans)
      expect(reasonsOf(chain, ada)).toEqual([
        'weight race_verified',
        'hold emission_share',
        'debit slashed_held',
        'weight convicted',
        'zero convicted',
      ])
      runEpoch(chain, [honest(ada), honest(bob), honest(cleo)])
      expect(recordOf(chain, ada)).toMatchObject({ raceVerdict: 'verified', faults: 1n })
      expect(BigInt(recordOf(chain, ada).held)).toBeGreaterThan(0n)
    },
    TIMEOUT_MS,
  )

  it(
    'one is removed and draws an extension round, which clears the rest',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob] })
      const plans = [{ host: ada, finds: 25, forged: 1 }, honest(bob)]
      const wrong = lookForFinds(chain, ada, 25).wrong[0] as bigint
      runRace(chain, plans)
      expect(chain.deliver(bob.device, [challengeFind(bob, 0n, ada, wrong)]).log).toBe('')
      expect(recordOf(chain, ada)).toMatchObject({ finds: 25n, faults: 0n })
      expect(word(chain.deliver(bob.device, [challengeFind(bob, 0n, ada, wrong)]))).toBe('already_judged')
      chain.produceUntil(4)
      const rounds = assignmentsOf(chain, bob, 0n)
      expect(rounds.map(({ round, state }) => [round, state])).toEqual([
        [0, 'due'],
        [1, 'due'],
      ])
      const [first, second] = rounds.map(({ finds }) => finds[0]?.nonces ?? [])
      expect(second).toHaveLength(chain.params.extensionSize)
      expect(second?.some((nonce) => first?.includes(nonce) === true || nonce === wrong)).toBe(false)
      runChecks(chain, plans)
      expect(recordOf(chain, ada)).toMatchObject({ raceVerdict: 'verified', findsVerified: 25n, faults: 0n })
      expect(faultsOf(chain)).toEqual([])
    },
    TIMEOUT_MS,
  )

  it(
    'a second one in the extension convicts; an unanswered extension leaves the host unverified',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob], params: { sampleSize: 1, extensionSize: 100 } })
      const plans = [{ host: ada, finds: 20, forged: 2 }, honest(bob)]
      const wrong = lookForFinds(chain, ada, 20).wrong[0] as bigint
      runRace(chain, plans)
      chain.deliver(bob.device, [challengeFind(bob, 0n, ada, wrong)])
      runChecks(chain, plans)
      expect(faultsOf(chain).map(({ code }) => code)).toEqual(['forged_find'])
      const silent = createChainHarness({ hosts: [ada, bob] })
      runRace(silent, [{ host: ada, finds: 20, forged: 1 }])
      silent.deliver(bob.device, [challengeFind(bob, 0n, ada, wrong)])
      silent.produceUntil(11)
      expect(recordOf(silent, ada)).toMatchObject({ raceVerdict: 'unverified', weight: '1' })
    },
    TIMEOUT_MS,
  )
})

describe('a verifier that did not compute', () => {
  it(
    'is convicted when the other verifier challenges an opened leaf; a challenge of a right one convicts the challenger',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob, cleo], params: { openingPpm: 1_000_000 } })
      const plans = [honest(ada), { host: cleo, finds: 0, cheat: lieOnce() }, { host: bob, finds: 0 }]
      runRace(chain, plans)
      runChecks(chain, plans, 8)
      expect(openedBy(chain, cleo)).toEqual([0, 1, 2, 3, 4, 5])
      // The chain's own audit of block 8 looked at one leaf of twelve, and not at the lie.
      expect(faultsOf(chain)).toEqual([])
      const results = chain.produce([
        chain.sign(bob.device, [challengeOpening(bob, cleo, 0)]),
        chain.sign(ada.device, [challengeOpening(ada, cleo, 1)]),
        signTx(bob.device, [challengeFind(bob, 0n, ada, 2n ** 50n)], { sequence: 3n }),
      ]).txResults
      expect(results.slice(1).map(word)).toEqual(['', '', 'unknown_find'])
      const convicted = { host: cleo.owner.address, code: 'false_verification', finder: bob.owner.address }
      expect(faultsOf(chain)).toMatchObject([{ ...convicted, evidence_tx: txHashOf(chain, 8, 1) }])
      runChecks(chain, plans)
      expect(faultsOf(chain).slice(1)).toMatchObject([
        { host: ada.owner.address, code: 'false_accusation', evidence_tx: txHashOf(chain, 9, 2) },
      ])
      expect(recordOf(chain, cleo)).toMatchObject({ faults: 1n, weight: '0', held: '0' })
      expect(reasonsOf(chain, cleo)).toEqual(['weight convicted', 'zero convicted'])
    },
    TIMEOUT_MS,
  )

  it(
    'and is convicted after the settle leaves whom only it vouched for unverified at the close',
    () => {
      const params = { epochLength: 14, sampleSize: 20, openingPpm: 1_000_000 }
      const chain = createChainHarness({ hosts: [ada, bob, cleo], params })
      // Cleo alone answers for ada; for bob ada answers as well.
      const plans = [honest(ada), { ...honest(bob), silent: true }, { host: cleo, finds: 0, cheat: lieOnce() }]
      runRace(chain, plans)
      runChecks(chain, plans, 10)
      expect(faultsOf(chain)).toEqual([])
      const [settledAda, settledBob] = [ada, bob].map((host) => recordOf(chain, host))
      expect(settledAda).toMatchObject({ raceVerdict: 'verified', reputationPpm: 90_909n })
      expect(settledBob).toMatchObject({ raceVerdict: 'verified', weight: settledAda?.weight })
      expect(chain.deliver(bob.device, [challengeOpening(bob, cleo, 0)]).log).toBe('')
      expect(faultsOf(chain)).toMatchObject([{ host: cleo.owner.address, code: 'false_verification' }])
      chain.produceUntil(13)
      // As if she had been unverified at the settle: one unit of the genesis, and no race more to her name.
      expect(recordOf(chain, ada)).toMatchObject({ raceVerdict: 'unverified', weight: '1', reputationPpm: 0n })
      expect(reasonsOf(chain, ada).slice(0, 3)).toEqual([
        'weight race_verified',
        'weight verifiers_absent',
        'hold emission_share',
      ])
      expect(recordOf(chain, bob)).toMatchObject({ raceVerdict: 'verified', weight: settledBob?.weight })
      expect(reasonsOf(chain, bob)).toEqual(['weight race_verified', 'zero duties_missed'])
    },
    TIMEOUT_MS,
  )

  it(
    'is found by the audit, with everybody else who told the same lie',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob, cleo], params: { openingPpm: 1 } })
      const plans = [honest(ada), { host: bob, finds: 0, cheat: lie }, { host: cleo, finds: 0, cheat: lie }]
      runEpoch(chain, plans)
      const faults = faultsOf(chain)
      expect(faults.map(({ host }) => host).sort()).toEqual([bob.owner.address, cleo.owner.address].sort())
      expect(faults.map(({ code, finder }) => [code, finder])).toEqual([
        ['false_verification', ''],
        ['false_verification', ''],
      ])
      // Nobody honest answered: the last weight in force stays, one unit of the genesis.
      expect(recordOf(chain, ada)).toMatchObject({ raceVerdict: 'unverified', weight: '1', faults: 0n })
    },
    TIMEOUT_MS,
  )
})

describe('false accusations', () => {
  it(
    'in a report and in a challenge convict the accuser, one re-execution for all who said it',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob, cleo], params: EVERYTHING })
      const [right] = lookForFinds(chain, ada, 20).right
      const accuse = { mismatches: () => [{ host: ada.owner.address, nonce: right as bigint }] }
      const plans = [honest(ada), { host: bob, finds: 0, cheat: accuse }, { host: cleo, finds: 0, cheat: accuse }]
      runRace(chain, plans)
      runChecks(chain, plans, 5)
      expect(faultsOf(chain).map(({ host, code }) => [host, code])).toEqual(
        expect.arrayContaining([
          [bob.owner.address, 'false_accusation'],
          [cleo.owner.address, 'false_accusation'],
        ]),
      )
      expect(chain.blockEvents.filter(({ type }) => type === 'reexecution')).toHaveLength(1)
      expect(recordOf(chain, ada)).toMatchObject({ finds: 20n, faults: 0n, raceVerdict: 'pending' })
    },
    TIMEOUT_MS,
  )

  it('through a challenge convicts as well; the challenge rules hold', () => {
    const stranger = hostNamed('stranger')
    const chain = createChainHarness({ hosts: [ada, bob, cleo] })
    runRace(chain, [honest(ada)])
    const found = lookForFinds(chain, ada, 20)
    const right = found.right[3] as bigint
    const results = chain.produce([
      chain.sign(ada.device, [challengeFind(ada, 0n, ada, right)]),
      chain.sign(bob.device, [challengeFind(bob, 0n, ada, 2n ** 50n)]),
      chain.sign(stranger.device, [challengeFind(stranger, 0n, ada, right)]),
      chain.sign(cleo.device, [challengeFind(cleo, 1n, ada, right)]),
    ]).txResults
    expect(results.slice(1).map(word)).toEqual(['own_find', 'unknown_find', 'not_a_host', 'wrong_epoch'])
    expect(chain.deliver(cleo.device, [challengeFind(cleo, 0n, ada, right)]).code).toBe(0)
    expect(faultsOf(chain)).toMatchObject([{ host: cleo.owner.address, code: 'false_accusation', finder: '' }])
    expect(faultsOf(chain)[0]?.evidence_tx).toBe(txHashOf(chain, 3, 1))
    expect(word(chain.deliver(cleo.device, [challengeFind(cleo, 0n, ada, right)]))).toBe('barred')
    expect(word(chain.deliver(bob.device, [challengeOpening(bob, cleo, 0)]))).toBe('unknown_find')
    chain.produceUntil(10)
    expect(word(chain.deliver(bob.device, [challengeFind(bob, 0n, ada, right)]))).toBe('deadline_passed')
  })
})
