/** First start, older folders, and a process that dies between any two writes. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  adoptNewWallet,
  dyingAt,
  filesOf,
  openTestVault,
  PASSPHRASE,
  TEST_COST,
  walletFolder,
} from '../../../test/support/wallet/test-vault.ts'
import { toHex } from '../../lib/bytes.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { addressOfPublicKey } from '../../protocol/address.ts'
import { publicKeyOf } from '../../protocol/signature.ts'
import { loadOrCreateHostKeys } from '../host-keys.ts'
import { SYSTEM_RNG } from '../system.ts'

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return ''
  } catch (error) {
    return errorCode(error)
  }
}

const MOMENTS = ([1, 2] as const).flatMap((write) =>
  (['before', 'after'] as const).map((moment) => [write, moment] as const),
)

describe('the first start', () => {
  it('makes a starter wallet on a local network, readable by this user alone, and finds it again', async () => {
    const home = walletFolder()
    const { vault } = await openTestVault(home)
    expect(vault.state()).toMatchObject({
      state: 'open',
      protection: 'none',
      isStarter: true,
      isBackedUp: false,
      wordCount: 12,
    })
    const { signer } = await vault.hostSecrets()
    expect(signer.identity.ownerAddress).toBe(vault.state()?.address)
    for (const name of ['wallet.json', 'keys.json']) {
      expect(statSync(join(home, name)).mode & 0o777).toBe(0o600)
    }
    const again = await openTestVault(home)
    expect(again.vault.state()).toEqual(vault.state())
    expect((await again.vault.hostSecrets()).signer.identity).toEqual(signer.identity)
  })

  it('makes none on a public network', async () => {
    const home = walletFolder()
    const { vault } = await openTestVault(home, { network: 'public' })
    expect(vault.state()).toBeUndefined()
    expect(await codeOf(() => vault.hostSecrets())).toBe('wallet_needed')
    expect(filesOf(home)).toEqual({})
    await adoptNewWallet(vault)
    expect(vault.state()).toMatchObject({ state: 'open', protection: 'passphrase', isStarter: false, wordCount: 24 })
  })

  it.each(MOMENTS)('that dies at write %i (%s) is followed by one that finds one wallet', async (write, moment) => {
    const home = walletFolder()
    await codeOf(async () => {
      const { vault } = await openTestVault(home, { write: dyingAt(write, moment) })
      await vault.hostSecrets()
    })
    const before = filesOf(home)['wallet.json']
    const { vault } = await openTestVault(home)
    await vault.hostSecrets()
    expect(before === undefined || before === filesOf(home)['wallet.json']).toBe(true)
    expect(vault.state()?.address).toBe((await vault.hostSecrets()).signer.identity.ownerAddress)
  })
})

describe('a folder of version 1', () => {
  it.each([[99, 'before'] as const, ...MOMENTS])(
    'keeps its three keys, each once, where the move dies at write %i (%s)',
    async (write, moment) => {
      const home = walletFolder()
      const old = loadOrCreateHostKeys(home, SYSTEM_RNG)
      await codeOf(() => openTestVault(home, { write: dyingAt(write, moment) }))
      const { vault } = await openTestVault(home)
      const { signer, peerKey } = await vault.hostSecrets()
      expect(vault.state()).toMatchObject({ wordCount: 0, isStarter: true, state: 'open' })
      expect(signer.identity.ownerAddress).toBe(addressOfPublicKey(publicKeyOf(old.ownerKey)))
      expect(signer.identity.devicePublicKey).toEqual(publicKeyOf(old.deviceKey))
      expect(peerKey).toEqual(old.peerKey)
      const holding = Object.entries(filesOf(home)).filter(([, text]) => text.includes(toHex(old.ownerKey)))
      expect(holding.map(([name]) => name)).toEqual(['wallet.json'])
    },
  )

  it('has nothing in the clear any more once a passphrase is set', async () => {
    const home = walletFolder()
    const { ownerKey } = loadOrCreateHostKeys(home, SYSTEM_RNG)
    const { vault } = await openTestVault(home)
    await vault.protect({ next: PASSPHRASE })
    expect(JSON.stringify(filesOf(home))).not.toContain(toHex(ownerKey))
    const again = await openTestVault(home)
    expect(again.vault.state()).toMatchObject({ state: 'locked', protection: 'passphrase' })
    expect(await again.vault.unlock({ passphrase: PASSPHRASE })).toMatchObject({ state: 'open', wordCount: 0 })
  })

  it('beside a wallet of another owner is for the person to sort out', async () => {
    const home = walletFolder()
    await openTestVault(home)
    const wallet = readFileSync(join(home, 'wallet.json'), 'utf8')
    const other = walletFolder()
    loadOrCreateHostKeys(other, SYSTEM_RNG)
    const keys = readFileSync(join(other, 'keys.json'), 'utf8')
    writeFileSync(join(other, 'wallet.json'), wallet)
    expect(await codeOf(() => openTestVault(other))).toBe('damaged_file')
    expect(filesOf(other)).toEqual({ 'keys.json': keys, 'wallet.json': wallet })
  })
})

describe('a wallet that cannot be read', () => {
  it.each([
    ['wallet.json', '', 'damaged_file'],
    ['wallet.json', '{"version":1}', 'damaged_file'],
    ['wallet.json', '{"version":7}', 'newer_data'],
    ['wallet.json', 'x'.repeat(70_000), 'file_too_large'],
    ['keys.json', '{"version":2}', 'damaged_file'],
    ['keys.json', '{"version":3}', 'newer_data'],
  ])('%s as %j is %s, and nothing is written', async (name, text, code) => {
    const home = walletFolder()
    const { vault } = await openTestVault(home)
    await vault.hostSecrets()
    writeFileSync(join(home, name), text)
    const before = filesOf(home)
    expect(await codeOf(() => openTestVault(home))).toBe(code)
    expect(filesOf(home)).toEqual(before)
  })

  it('or is gone is never followed by a new one', async () => {
    const home = walletFolder()
    const { vault } = await openTestVault(home)
    await vault.hostSecrets()
    rmSync(join(home, 'wallet.json'))
    expect(await codeOf(() => openTestVault(home))).toBe('wallet_missing')
    expect(Object.keys(filesOf(home))).toEqual(['keys.json'])
  })
})

describe('a replaced wallet', () => {
  it.each([1, 2, 3].flatMap((write) => (['before', 'after'] as const).map((moment) => [write, moment] as const)))(
    'or the one before is there whole where the replacement dies at write %i (%s)',
    async (write, moment) => {
      const home = walletFolder()
      const first = await openTestVault(home)
      const starter = first.vault.state()?.address ?? ''
      await first.vault.hostSecrets()
      const dying = await openTestVault(home, { write: dyingAt(write, moment) })
      let words: readonly string[] = []
      await codeOf(async () => {
        const draft = await dying.vault.create({ words: 12 })
        words = draft.words
        const answers = draft.ask.map((position) => draft.words[position - 1] ?? '')
        await dying.vault.use({ draftId: draft.draftId, answers, passphrase: PASSPHRASE })
        await dying.vault.hostSecrets()
      })
      const { vault } = await openTestVault(home)
      const { signer } = await vault.hostSecrets()
      expect(signer.identity.ownerAddress).toBe(vault.state()?.address)
      if (vault.state()?.address === starter) {
        expect(vault.state()).toMatchObject({ isStarter: true, state: 'open' })
      } else {
        expect(await vault.restore({ words })).toMatchObject({ address: vault.state()?.address })
        expect(Object.keys(filesOf(home))).toContain(`wallet-${starter}.json`)
        expect(await vault.unlock({ passphrase: PASSPHRASE })).toMatchObject({ state: 'open' })
      }
    },
  )

  it('is kept beside the new one, under its passphrase, with a device key of its own', async () => {
    const home = walletFolder()
    const { vault } = await openTestVault(home)
    const before = (await vault.hostSecrets()).signer
    const draft = await vault.reveal({})
    const words = await adoptNewWallet(vault)
    const after = (await vault.hostSecrets()).signer
    expect(after.identity.deviceAddress).not.toBe(before.identity.deviceAddress)
    expect(await before.isOwnerOpen()).toBe(false)
    const text = readFileSync(join(home, `wallet-${draft.address}.json`), 'utf8')
    expect(statSync(join(home, `wallet-${draft.address}.json`)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(text)).toMatchObject({ address: draft.address, protection: 'passphrase', kdf: TEST_COST })
    expect((await vault.restore({ words: draft.words })).address).toBe(draft.address)
    expect(words).toHaveLength(24)
  })
})
