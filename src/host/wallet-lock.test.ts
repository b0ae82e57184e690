/** A host whose owner key is locked: it joins as soon as it is unlocked. Read next: wallet-lock.slow.test.ts. */
import { expect, onTestFinished, test } from 'vitest'
import type { HostSetup, TestNetwork } from '../../test/support/host-network.ts'
import { createTestNetwork } from '../../test/support/host-network.ts'

async function started(setups: Readonly<Record<string, HostSetup>>): Promise<TestNetwork> {
  const net = await createTestNetwork(setups)
  onTestFinished(() => net.stop())
  return net
}

test('a locked wallet holds up the first registration, says so once, and an unlocked one goes on by itself', async () => {
  const net = await started({ ada: { isGenesis: true }, cay: { isLocked: true } })
  const cay = net.host('cay')
  const joined = cay.contributor.join()
  await net.blocks(12)
  expect(cay.contributor.view()).toMatchObject({ phase: 'joining', ownerNeededFor: 'register', record: undefined })
  expect(cay.codes().filter((code) => code === 'wallet_locked')).toHaveLength(1)
  expect(cay.codes()).not.toContain('tx_failed')
  cay.wallet.isOpen = true
  await net.blocks(6)
  await joined
  expect(cay.contributor.view()).toMatchObject({ ownerNeededFor: undefined, record: { active: true } })
})

test('leaving ends the waiting for the owner', async () => {
  const net = await started({ ada: { isGenesis: true }, cay: { isLocked: true } })
  const cay = net.host('cay')
  cay.contributor.join().catch(() => undefined)
  await net.blocks(4)
  const left = cay.contributor.leave()
  await net.blocks(2)
  await left
  expect(cay.contributor.view()).toMatchObject({ phase: 'idle', joined: false, ownerNeededFor: undefined })
})
