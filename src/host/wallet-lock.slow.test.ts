/** With a valid device key nothing waits for a locked owner key: whole epochs of it. */
import { expect, onTestFinished, test } from 'vitest'
import type { HostSetup, TestNetwork } from '../../test/support/host-network.ts'
import { createTestNetwork, TEST_PARAMS } from '../../test/support/host-network.ts'
import { epochHeights } from '../protocol/params.ts'

const first = epochHeights(TEST_PARAMS, 0)

async function started(setups: Readonly<Record<string, HostSetup>>): Promise<TestNetwork> {
  const net = await createTestNetwork(setups)
  onTestFinished(() => net.stop())
  return net
}

test('with a registered device key a locked wallet keeps nothing from being done: races, duties, leaving, joining again', {
  timeout: 120_000,
}, async () => {
  const net = await started({ ada: { isGenesis: true }, bob: { isGenesis: true } })
  await net.joinAll()
  const ada = net.host('ada')
  ada.wallet.isOpen = false
  await ada.restart()
  await net.until(first.closeHeight)
  const done = net.chain.executed.filter(({ code }) => code === 0).map(({ action }) => action)
  expect(done).toContain('MsgCommitFinds')
  expect(ada.contributor.view().race?.committed).toBeGreaterThan(0)
  expect(ada.contributor.view().duties).toMatchObject({ missed: 0 })
  expect(ada.contributor.view().duties.answered).toBeGreaterThan(0)
  expect(BigInt(ada.contributor.view().record?.weight ?? '0')).toBeGreaterThan(0n)
  const left = ada.contributor.leave()
  await net.blocks(3)
  await left
  expect(ada.contributor.view().record).toMatchObject({ active: false })
  const back = ada.contributor.join()
  await net.blocks(4)
  await back
  expect(ada.contributor.view().record).toMatchObject({ active: true })
  expect(ada.codes()).not.toContain('wallet_locked')
})

test('a registration that ends before long is good until then: the host races on and renews it when it can', {
  timeout: 120_000,
}, async () => {
  const lifetime = 4 * TEST_PARAMS.epochLength
  const short = { isGenesis: true, options: { deviceLifetimeBlocks: lifetime } }
  const net = await started({ ada: short, bob: { isGenesis: true } })
  await net.joinAll()
  const ada = net.host('ada')
  const before = ada.contributor.view().record?.deviceExpiryHeight ?? 0n
  ada.wallet.isOpen = false
  await net.until(Number(before) - TEST_PARAMS.epochLength)
  expect(ada.contributor.view()).toMatchObject({ joined: true, ownerNeededFor: 'renew' })
  expect(['racing', 'being_verified', 'settled', 'waiting_for_race']).toContain(ada.contributor.view().phase)
  ada.wallet.isOpen = true
  await net.blocks(6)
  expect(ada.contributor.view().ownerNeededFor).toBeUndefined()
  expect(ada.contributor.view().record?.deviceExpiryHeight).toBeGreaterThan(before)
})
