import { describe, expect, it } from 'vitest'
import type { EpochPlan } from '../../../test/support/chain/chain-duties.ts'
import {
  ask,
  lookForFinds,
  recordOf,
  registerMessage,
  runChecks,
  runEpoch,
  runRace,
  setPayoutMessage,
} from '../../../test/support/chain/chain-duties.ts'
import type { Actor, ChainHarness, HostActor } from '../../../test/support/chain/chain-harness.ts'
import { actorNamed, createChainHarness, hostNamed, word } from '../../../test/support/chain/chain-harness.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { QueryLedgerRequest, QueryLedgerResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import { balanceOf, readSupply } from '../state/bank.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const cleo = hostNamed('cleo')
const vault = actorNamed('a vault far from the app')
const TIMEOUT_MS = 120_000
/** Each of two hosts earns half of 100 TAIL; a fifth of it stays as bond. */
const CREDIT = 40_000_000n

function plan(host: HostActor): EpochPlan {
  return { host, finds: 20 }
}

function balance(chain: ChainHarness, { address }: Actor): bigint {
  return balanceOf(chain.store, decodeAddress(address))
}

function setPayout(chain: ChainHarness, host: HostActor, payout: string): string {
  return word(chain.deliver(host.owner, [setPayoutMessage(host.owner.address, payout)]))
}

function receivers(chain: ChainHarness, host: HostActor): string[] {
  return chain.blockEvents
    .filter(({ type, attributes }) => type === 'hold_released' && attributes.host === host.owner.address)
    .map(({ attributes }) => `${attributes.epoch} ${attributes.amount} ${attributes.receiver}`)
}

describe('MsgSetPayout', () => {
  it(
    "sends credits to the account it names, and back to the owner when it names none; ledger and bond stay the host's",
    () => {
      const chain = createChainHarness({ hosts: [ada, bob] })
      const plans = [plan(ada), plan(bob)]
      runEpoch(chain, plans)
      expect(setPayout(chain, ada, vault.address)).toBe('')
      expect(recordOf(chain, ada).payoutAddress).toBe(vault.address)
      runEpoch(chain, plans)
      expect([balance(chain, vault), balance(chain, ada.owner), balance(chain, bob.owner)]).toEqual([
        CREDIT,
        0n,
        CREDIT,
      ])
      expect(recordOf(chain, ada)).toMatchObject({ credited: CREDIT.toString(), bond: '10000000' })
      expect(readSupply(chain.store)).toMatchObject({ balances: 2n * CREDIT, bonds: 20_000_000n })
      const request = QueryLedgerRequest.encode({ host: ada.owner.address, fromSequence: 0n, limit: 0 }).finish()
      const credits = ask(chain, 'Ledger', request, QueryLedgerResponse).entries.filter(({ kind }) => kind === 'credit')
      expect(credits.map(({ amount, reason }) => `${amount} ${reason}`)).toEqual([`${CREDIT} hold_released`])
      expect(setPayout(chain, ada, '')).toBe('')
      expect(recordOf(chain, ada).payoutAddress).toBe('')
      runEpoch(chain, plans)
      expect([balance(chain, vault), balance(chain, ada.owner)]).toEqual([CREDIT, CREDIT])
      expect(receivers(chain, ada)).toEqual([`0 ${CREDIT} ${vault.address}`, `1 ${CREDIT} ${ada.owner.address}`])
    },
    TIMEOUT_MS,
  )

  it('takes the owner itself for nobody, and leaves the state as it was', () => {
    const chain = createChainHarness({ hosts: [ada] })
    const hosts = (): string => JSON.stringify(recordOf(chain, ada), (_, value) => String(value))
    const before = hosts()
    expect(setPayout(chain, ada, ada.owner.address)).toBe('')
    expect(recordOf(chain, ada).payoutAddress).toBe('')
    expect(hosts()).toBe(before)
  })

  it("is the owner's alone: no device key, no stranger, nobody without a host", () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    const refused = [
      // A device key that names its own address owns no host; one that names the owner is not the signer.
      chain.deliver(ada.device, [setPayoutMessage(ada.device.address, vault.address)]),
      chain.deliver(ada.device, [setPayoutMessage(ada.owner.address, vault.address)]),
      chain.deliver(bob.owner, [setPayoutMessage(ada.owner.address, vault.address)]),
      chain.deliver(vault, [setPayoutMessage(vault.address, vault.address)]),
    ].map(word)
    expect(refused).toEqual(['not_a_host', 'unauthorized', 'unauthorized', 'not_a_host'])
    expect(recordOf(chain, ada).payoutAddress).toBe('')
  })

  it('refuses what is no address, and a second change in one block', () => {
    const chain = createChainHarness({ hosts: [ada] })
    const foreign = 'cosmos1vlad9vq79z8n9gfa0m7z6xgvmhhlndq0t5tdn5'
    const refused = ['nobody', vault.address.toUpperCase(), `${vault.address}q`, foreign].map((payout) =>
      setPayout(chain, ada, payout),
    )
    expect(refused).toEqual(refused.map(() => 'message_out_of_bounds'))
    const results = chain.produce([
      chain.sign(ada.owner, [setPayoutMessage(ada.owner.address, vault.address)]),
      chain.sign(ada.owner, [setPayoutMessage(ada.owner.address, '')]),
    ]).txResults
    expect(results.slice(1).map(word)).toEqual(['', 'rate_limited'])
    expect(recordOf(chain, ada).payoutAddress).toBe(vault.address)
  })

  it('outlives a new registration of the host', () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    expect(setPayout(chain, ada, vault.address)).toBe('')
    const [stamp] = lookForFinds(chain, ada, 1).right
    expect(word(chain.deliver(ada.owner, [registerMessage(chain, ada, stamp as bigint)]))).toBe('')
    expect(recordOf(chain, ada).payoutAddress).toBe(vault.address)
  })

  it(
    'keeps nothing from a conviction: what is held and the bond are taken, what was credited before is not',
    () => {
      const chain = createChainHarness({ hosts: [ada, bob, cleo], params: { sampleSize: 100, extensionSize: 100 } })
      expect(setPayout(chain, ada, vault.address)).toBe('')
      const plans = [plan(ada), plan(bob), plan(cleo)]
      runEpoch(chain, plans)
      runEpoch(chain, plans)
      const credited = BigInt(recordOf(chain, ada).credited)
      expect(credited).toBeGreaterThan(0n)
      expect(balance(chain, vault)).toBe(credited)
      const taken = BigInt(recordOf(chain, ada).held) + BigInt(recordOf(chain, ada).bond)
      const cheat = [{ host: ada, finds: 20, forged: 2 }, plan(bob), { ...plan(cleo), silent: true }]
      runRace(chain, cheat)
      runChecks(chain, cheat)
      expect(recordOf(chain, ada)).toMatchObject({ held: '0', bond: '0', faults: 1n, payoutAddress: vault.address })
      expect(readSupply(chain.store).burned).toBe(taken / 2n)
      expect(balance(chain, vault)).toBe(credited)
    },
    TIMEOUT_MS,
  )
})
