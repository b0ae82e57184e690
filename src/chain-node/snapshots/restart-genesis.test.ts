import { expect, test } from 'vitest'
import { createChainHarness, hostNamed } from '../../../test/support/chain/chain-harness.ts'
import { DEVELOPER, DEVELOPER_AMOUNT, depositMessage, sessionNamed } from '../../../test/support/chain/chain-work.ts'
import { createApplication } from '../../chain/create-application.ts'
import { readSupply } from '../../chain/state/bank.ts'
import { sumBigint } from '../../lib/fixed-point.ts'
import { restartGenesis } from './restart-genesis.ts'

const NEXT = { chainId: 'tailrace-local-2', timeMs: 1_800_000_000_000 }

test('deposits go back to whoever made them; the sum is what the accounts of the old network had', () => {
  const hosts = [hostNamed('a'), hostNamed('b')]
  const chain = createChainHarness({ hosts, accounts: [{ actor: DEVELOPER, amount: DEVELOPER_AMOUNT }] })
  const { code, log } = chain.deliver(DEVELOPER, [depositMessage(DEVELOPER, sessionNamed('s'), 300_000n)])
  expect(`${code} ${log}`).toBe('0 ')
  // Over a close: something was minted, held or put into the pool.
  chain.produceUntil(chain.params.epochLength)
  const supply = readSupply(chain.store)
  const { genesis, report } = restartGenesis(chain.store, chain.genesis, NEXT)
  const total = sumBigint(genesis.accounts.map(({ amount }) => amount))
  expect(total).toBe(supply.balances + supply.held + supply.bonds + supply.escrows)
  expect(total + report.leftBehind).toBe(supply.genesis + supply.minted - supply.burned)
  expect(genesis.accounts.find(({ address }) => address === DEVELOPER.address)?.amount).toBe(DEVELOPER_AMOUNT)
  expect(genesis.hosts.map(({ owner }) => owner).toSorted()).toEqual(
    chain.genesis.hosts.map(({ owner }) => owner).toSorted(),
  )
  expect(createApplication().initChain(genesis).appHash).toHaveLength(32)
})

test('a validator whose proof of possession is not known is named, not made up', () => {
  const chain = createChainHarness({})
  const unknown = { ...chain.genesis, validators: [] }
  expect(() => restartGenesis(chain.store, unknown, NEXT)).toThrow(expect.objectContaining({ code: 'no_validators' }))
  expect(() => restartGenesis(chain.store, chain.genesis, { ...NEXT, chainId: chain.genesis.chainId })).toThrow(
    expect.objectContaining({ code: 'same_chain_id' }),
  )
})
