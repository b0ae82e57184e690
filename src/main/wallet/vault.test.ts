import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeSigner } from '../../../test/conformance/signer.ts'
import {
  adoptNewWallet,
  filesOf,
  openTestVault,
  PASSPHRASE,
  walletFolder,
} from '../../../test/support/wallet/test-vault.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { SystemStore } from './system-store.ts'

const STORE: SystemStore = {
  isSound: async () => true,
  encrypt: async (text) => Buffer.from(text).toReversed(),
  decrypt: async (sealed) => Buffer.from(sealed.toReversed()).toString(),
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return ''
  } catch (error) {
    return errorCode(error)
  }
}

describeSigner('of a vault', async () => {
  const { vault } = await openTestVault(walletFolder())
  await adoptNewWallet(vault)
  const { signer } = await vault.hostSecrets()
  return { signer, approve: (approval) => vault.approve(approval), lock: async () => void (await vault.lock()) }
})

describe('a draft', () => {
  it('asks for three positions, and is used with the words that stand there', async () => {
    const { vault } = await openTestVault(walletFolder())
    const { draftId, words, ask, address } = await vault.create({ words: 12 })
    expect(words).toHaveLength(12)
    expect(new Set(ask).size).toBe(3)
    expect(Math.min(...ask)).toBeGreaterThanOrEqual(1)
    expect(Math.max(...ask)).toBeLessThanOrEqual(12)
    const answers = ask.map((position) => words[position - 1] ?? '')
    const wrong = answers.with(1, answers[1] === 'zoo' ? 'abandon' : 'zoo')
    const refused = await vault
      .use({ draftId, answers: wrong, passphrase: PASSPHRASE })
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'backup_mismatch', fields: { position: ask[1] } })
    expect(await codeOf(() => vault.use({ draftId, answers: [], passphrase: PASSPHRASE }))).toBe('backup_mismatch')
    expect(await codeOf(() => vault.use({ draftId, answers, passphrase: 'short' }))).toBe('passphrase_weak')
    expect(await codeOf(() => vault.use({ draftId, answers }))).toBe('passphrase_needed')
    expect(await vault.use({ draftId, answers, passphrase: PASSPHRASE })).toMatchObject({
      ...{ state: 'open', address, isBackedUp: true, isStarter: false, protection: 'passphrase' },
    })
    expect(await codeOf(() => vault.use({ draftId, answers, passphrase: PASSPHRASE }))).toBe('draft_unknown')
  })

  it('is held for a quarter of an hour, four at a time', async () => {
    const { vault, clock } = await openTestVault(walletFolder())
    const { words } = await vault.reveal({})
    const ids: string[] = []
    for (let count = 0; count < 5; count++) {
      ids.push((await vault.restore({ words })).draftId)
    }
    const use = (draftId = '') => codeOf(() => vault.use({ draftId, answers: [], passphrase: 'short' }))
    expect(await use(ids[0])).toBe('draft_unknown')
    expect(await use(ids[1])).toBe('passphrase_weak')
    await clock.advance(15 * 60_000)
    expect(await use(ids[4])).toBe('draft_unknown')
  })

  it('replaces a wallet that somebody made only where that one is named; its own words set a new passphrase', async () => {
    const { vault } = await openTestVault(walletFolder())
    const words = await adoptNewWallet(vault)
    const address = vault.state()?.address ?? ''
    expect(await codeOf(() => adoptNewWallet(vault))).toBe('not_confirmed')
    expect(await codeOf(() => adoptNewWallet(vault, { passphrase: PASSPHRASE, replaces: 'tail1other' }))).toBe(
      'not_confirmed',
    )
    await vault.lock()
    const { draftId } = await vault.restore({ words })
    await vault.use({ draftId, answers: [], passphrase: 'a new one, remembered' })
    expect(vault.state()).toMatchObject({ address, state: 'open' })
    await adoptNewWallet(vault, { passphrase: PASSPHRASE, replaces: address })
    expect(vault.state()?.address).not.toBe(address)
  })
})

describe('a vault', () => {
  it('opens with its passphrase alone, three tries a second', async () => {
    const home = walletFolder()
    const first = await openTestVault(home)
    expect(await codeOf(() => first.vault.lock())).toBe('no_passphrase')
    await first.vault.protect({ next: PASSPHRASE })
    const { vault, clock } = await openTestVault(home)
    const states: (string | undefined)[] = []
    vault.onChange(() => states.push(vault.state()?.state))
    const tries = [1, 2, 3, 4].map(() => codeOf(() => vault.unlock({ passphrase: 'not this one' })))
    expect(await Promise.all(tries)).toEqual(['wrong_passphrase', 'wrong_passphrase', 'wrong_passphrase', 'busy'])
    expect(vault.state()?.state).toBe('locked')
    await clock.advance(1_000)
    await vault.unlock({ passphrase: PASSPHRASE })
    await vault.lock()
    expect(states).toEqual(['open', 'locked'])
  })

  it('changes its passphrase only with the one before', async () => {
    const home = walletFolder()
    const { vault, clock } = await openTestVault(home)
    await vault.protect({ next: PASSPHRASE })
    const next = 'another long passphrase'
    expect(await codeOf(() => vault.protect({ next }))).toBe('wrong_passphrase')
    expect(await codeOf(() => vault.protect({ current: next, next }))).toBe('wrong_passphrase')
    await clock.advance(1_000)
    expect(await codeOf(() => vault.protect({ current: PASSPHRASE, next: 'aaaaaaaaaaaa' }))).toBe('passphrase_weak')
    expect(await vault.protect({ current: PASSPHRASE, next })).toMatchObject({
      protection: 'passphrase',
      state: 'open',
    })
    await vault.lock()
    expect(await codeOf(() => vault.unlock({ passphrase: PASSPHRASE }))).toBe('wrong_passphrase')
    await clock.advance(1_000)
    expect(await vault.unlock({ passphrase: next })).toMatchObject({ state: 'open' })
  })

  it('shows its words again to whoever knows the passphrase, and remembers that they were written down', async () => {
    const home = walletFolder()
    const { vault } = await openTestVault(home)
    const first = await vault.reveal({})
    await vault.protect({ next: PASSPHRASE })
    expect(await codeOf(() => vault.reveal({}))).toBe('passphrase_needed')
    expect(await codeOf(() => vault.reveal({ passphrase: 'not this one' }))).toBe('wrong_passphrase')
    await vault.lock()
    const { draftId, words, ask } = await vault.reveal({ passphrase: PASSPHRASE })
    expect(words).toEqual(first.words)
    expect(await codeOf(() => vault.use({ draftId, answers: [] }))).toBe('draft_unknown')
    const answers = ask.map((position) => words[position - 1] ?? '')
    expect(await codeOf(() => vault.confirmBackup({ draftId, answers: answers.slice(1) }))).toBe('backup_mismatch')
    expect(await vault.confirmBackup({ draftId, answers })).toMatchObject({ isBackedUp: true, state: 'locked' })
    const again = await openTestVault(home)
    expect(again.vault.state()).toMatchObject({ isBackedUp: true, state: 'locked' })
    expect(await again.vault.unlock({ passphrase: PASSPHRASE })).toMatchObject({ state: 'open' })
  })

  it('keeps its new passphrase although words that were shown before it are confirmed after it', async () => {
    const { vault } = await openTestVault(walletFolder())
    const { draftId, words, ask } = await vault.reveal({})
    await vault.protect({ next: PASSPHRASE })
    const answers = ask.map((position) => words[position - 1] ?? '')
    expect(await codeOf(() => vault.confirmBackup({ draftId, answers }))).toBe('draft_unknown')
    expect(vault.state()).toMatchObject({ protection: 'passphrase', isBackedUp: false })
  })

  it('under a sound key store of the system opens by itself, and stays locked where that store is gone', async () => {
    const home = walletFolder()
    const { vault } = await openTestVault(home, { store: STORE })
    await adoptNewWallet(vault, {})
    expect(vault.state()).toMatchObject({ protection: 'system', state: 'open' })
    expect((await openTestVault(home, { store: STORE })).vault.state()).toMatchObject({ state: 'open' })
    const lost = await openTestVault(home)
    expect(lost.vault.state()).toMatchObject({ protection: 'system', state: 'locked' })
    expect(await codeOf(() => lost.vault.unlock({ passphrase: PASSPHRASE }))).toBe('system_store_failed')
    const weak = await openTestVault(walletFolder(), { store: { ...STORE, isSound: async () => false } })
    expect(await codeOf(() => adoptNewWallet(weak.vault, {}))).toBe('passphrase_needed')
  })

  it('stays as it was where the disk takes nothing', async () => {
    const home = walletFolder()
    let isFull = false
    const { vault } = await openTestVault(home, {
      write: (file, text) => {
        if (isFull) {
          throw new CodedError('disk_full', 'no space')
        }
        writeFileSync(file, text)
      },
    })
    const before = filesOf(home)
    isFull = true
    expect(await codeOf(() => vault.protect({ next: PASSPHRASE }))).toBe('disk_full')
    expect(vault.state()).toMatchObject({ protection: 'none', state: 'open' })
    expect(filesOf(home)).toEqual(before)
  })
})
