/** The verbs over a real vault and desk; only the terminal is made up. */
import { describe, expect, it } from 'vitest'
import { adoptNewWallet, openTestVault, PASSPHRASE, walletFolder } from '../../test/support/wallet/test-vault.ts'
import { SYSTEM_RNG } from '../main/system.ts'
import type { Vault } from '../main/wallet/vault.ts'
import { createWalletDesk, walletStateOf } from '../main/wallet/wallet-desk.ts'
import { LOCAL_PARAMS } from '../protocol/params.ts'
import type { WalletCli } from './run-wallet.ts'
import {
  walletBackup,
  walletCreate,
  walletPayout,
  walletProtect,
  walletRestore,
  walletSend,
  walletShow,
  walletUnlock,
} from './run-wallet.ts'

type Answer = string | ((said: string) => string)

interface Scene {
  readonly cli: WalletCli
  readonly vault: Vault
  readonly said: string[]
  readonly printed: string[]
  /** Questions, with a star where the answer is not shown. */
  readonly asked: string[]
  /** What was sent to the chain. */
  readonly sent: unknown[]
}

async function scene(answers: readonly Answer[], over: Partial<WalletCli> = {}): Promise<Scene> {
  const { vault, clock } = await openTestVault(walletFolder())
  const device = (await vault.hostSecrets()).signer.identity.deviceAddress
  const [said, printed, asked, sent] = [[] as string[], [] as string[], [] as string[], [] as unknown[]]
  const desk = createWalletDesk({
    ...{ clock, vault, rng: SYSTEM_RNG, restartHost: async () => undefined },
    chain: {
      chainId: 'tailrace-local-1',
      balance: async () => 9_000_000n,
      host: async () => undefined,
      params: async () => LOCAL_PARAMS,
      async sendOnce(transaction) {
        sent.push(transaction)
        return { code: 0, codespace: '', log: '', height: 7, hash: 'AB' }
      },
    },
    host: {
      deviceAddress: device,
      view: () => ({ joined: false, phase: 'idle', record: undefined, epoch: undefined }),
    },
  })
  const left = [...answers]
  const cli: WalletCli = {
    desk,
    async snapshot() {
      const state = vault.state()
      if (state === undefined) {
        throw new Error('there is a starter wallet')
      }
      return { wallet: walletStateOf(state, device, undefined), balance: '9000000', joined: false }
    },
    async ask(question, { hidden }) {
      asked.push(hidden ? `*${question}` : question)
      const next = left.shift() ?? ''
      return typeof next === 'string' ? next : next(said.join('\n'))
    },
    say: (text) => said.push(text),
    out: (text) => printed.push(text),
    ...{ json: false, yes: false, isInteractive: true, signal: new AbortController().signal },
    ...over,
  }
  return { cli, vault, said, printed, asked, sent }
}

/** The word that was asked for last, read off what was shown. */
function shownWord(scene: () => Scene): Answer {
  return (said) => {
    const position = Number(/Word (\d+)/.exec(scene().asked.at(-1) ?? '')?.[1])
    return new RegExp(`(?:^|\\s)${position} ([a-z]+)`, 'm').exec(said)?.[1] ?? ''
  }
}

describe('wallet create', () => {
  it('shows the words once, asks for three, and prints none of them', async () => {
    let made: Scene | undefined
    const word = shownWord(() => made as Scene)
    made = await scene(['y', 'mistyped', word, word, word, PASSPHRASE, PASSPHRASE])
    const before = made.vault.state()?.address
    expect(await walletCreate({ ...made.cli, json: true }, { words: 12 })).toBe(0)
    expect(made.vault.state()).toMatchObject({ protection: 'passphrase', isBackedUp: true, wordCount: 12 })
    expect(made.vault.state()?.address).not.toBe(before)
    const printed = made.printed.join('\n')
    expect(JSON.parse(printed)).toMatchObject({ address: made.vault.state()?.address })
    expect(printed).not.toContain('words"')
    expect(made.asked.filter((question) => question.includes('passphrase')).every((q) => q.startsWith('*'))).toBe(true)
  })

  it('changes nothing without a yes, and asks nobody where nobody sits', async () => {
    const no = await scene(['n'])
    await expect(walletCreate(no.cli, { words: 24 })).rejects.toMatchObject({ code: 'declined' })
    const nobody = await scene([], { isInteractive: false })
    await expect(walletCreate(nobody.cli, { words: 24 })).rejects.toMatchObject({ code: 'confirmation_needed' })
    expect(no.vault.state()).toMatchObject({ isStarter: true })
    expect(nobody.vault.state()).toMatchObject({ isStarter: true })
  })
})

describe('wallet restore', () => {
  it('takes words and passphrase from stdin, a line each, and says what the chain knows of them', async () => {
    const { words, address } = await (await openTestVault(walletFolder())).vault.create({ words: 24 })
    const made = await scene([` ${words.join('  ').toUpperCase()} `, PASSPHRASE], { isInteractive: false, yes: true })
    expect(await walletRestore(made.cli)).toBe(0)
    expect(made.vault.state()).toMatchObject({ address, state: 'open', protection: 'passphrase' })
    expect(made.said.join()).toContain('9.000000 TAIL')
    expect(made.asked[0]).toMatch(/^\*/)
    const wrong = await scene([words.with(3, 'nonsense').join(' ')], { yes: true })
    await expect(walletRestore(wrong.cli)).rejects.toMatchObject({ code: 'bad_words', fields: { position: 4 } })
  })
})

describe('the other verbs', () => {
  it('show, protect, unlock and back up', async () => {
    let made: Scene | undefined
    const word = shownWord(() => made as Scene)
    made = await scene([PASSPHRASE, PASSPHRASE, PASSPHRASE, PASSPHRASE, word, word, word])
    expect(await walletProtect(made.cli)).toBe(0)
    await made.vault.lock()
    expect(await walletUnlock(made.cli)).toBe(0)
    expect(await walletBackup(made.cli)).toBe(0)
    expect(made.vault.state()).toMatchObject({ state: 'open', isBackedUp: true })
    expect(await walletShow(made.cli)).toBe(0)
    expect(made.printed.at(-1)).toContain(`${made.vault.state()?.address}`)
    expect(made.printed.at(-1)).toContain('12, backed up')
    const twice = await scene([PASSPHRASE, `${PASSPHRASE}!`])
    await expect(walletProtect(twice.cli)).rejects.toMatchObject({ code: 'passphrase_mismatch' })
  })

  it('send what was shown after a yes, and lock again what was locked', async () => {
    const friend = (await (await openTestVault(walletFolder())).vault.create({ words: 12 })).address
    const made = await scene([PASSPHRASE, 'y'])
    await adoptNewWallet(made.vault)
    await made.vault.lock()
    expect(await walletSend(made.cli, { to: friend, amount: 2_500_000n, memo: 'rent' })).toBe(0)
    expect(made.said.join()).toContain('2.500000 TAIL')
    expect(made.sent).toMatchObject([{ memo: 'rent', message: { value: { toAddress: friend } } }])
    expect(made.vault.state()?.state).toBe('locked')
    const no = await scene(['no'])
    await expect(walletSend(no.cli, { to: friend, amount: 1n, memo: '' })).rejects.toMatchObject({ code: 'declined' })
    expect(no.sent).toEqual([])
    const payout = await scene([], { yes: true })
    expect(await walletPayout(payout.cli, { address: friend })).toBe(0)
    expect(payout.sent).toMatchObject([
      { message: { typeUrl: '/tailrace.v1.MsgSetPayout', value: { payout: friend } } },
    ])
  })
})
