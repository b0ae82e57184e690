import { afterEach, describe, expect, it, vi } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import type { FakeWalletOptions } from '../../../../test/support/screen/fake-wallet.ts'
import {
  FakeWallet,
  NEW_ADDRESS,
  PASSPHRASE,
  PHRASE_12,
  PHRASE_24,
  RESTORED_ADDRESS,
} from '../../../../test/support/screen/fake-wallet.ts'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { COMPANION_ONE, COMPANION_TWO, idleSnapshot, SELF } from '../../../../test/support/screen/sample-snapshot.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { WalletStateWire } from '../../../ipc/wires/wallet-wire.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { useScreen } from '../../state/use-screen.ts'
import { WalletPage } from './wallet-page.tsx'

let mounted: MountedScreen | undefined
afterEach(() => {
  vi.restoreAllMocks()
  mounted?.unmount()
  mounted = undefined
})

function Shown() {
  const snapshot = useScreen((state) => state.snapshot)
  return snapshot === undefined ? null : <WalletPage snapshot={snapshot} />
}

interface Mounted extends MountedScreen {
  readonly wallet: FakeWallet
}

const STARTER = idleSnapshot().wallet
const OWN: WalletStateWire = { ...STARTER, isStarter: false, isBackedUp: true, protection: 'passphrase' }

function mountWallet(
  state: WalletStateWire,
  snapshot: Partial<ScreenSnapshot> = {},
  options: Partial<FakeWalletOptions> = {},
): Mounted {
  const first: ScreenSnapshot = { ...idleSnapshot(), balance: '12500000', wallet: state, ...snapshot }
  const screen = mountScreen(first, <Shown />)
  const wallet = new FakeWallet({
    state,
    balance: first.balance,
    passphrase: PASSPHRASE,
    onState: (next) => screen.show({ ...first, wallet: next }),
    ...options,
  })
  screen.host.client = {
    wallet: {
      create: (input) => wallet.create(input),
      restore: (input) => wallet.restore(input),
      use: (input) => wallet.use(input),
      unlock: (input) => wallet.unlock(input),
      lock: () => wallet.lock(),
      protect: (input) => wallet.protect(input),
      reveal: (input) => wallet.reveal(input),
      confirmBackup: (input) => wallet.confirmBackup(input),
      prepareSend: ({ memo = '', ...input }) => wallet.prepareSend({ ...input, memo }),
      confirmSend: (input) => wallet.confirmSend(input),
      setPayout: (input) => wallet.setPayout(input),
    },
  }
  mounted = screen
  return { ...screen, wallet }
}

const said = () => page.getByTestId('wallet-said')
const fault = () => page.getByTestId('flow-fault')
const click = (name: string) => page.getByTestId(name).click()

async function answerCheck(words: readonly string[], change: Readonly<Record<number, string>> = {}): Promise<void> {
  for (const position of [3, 7, 11]) {
    await page.getByLabelText(`Word ${position}`, { exact: true }).fill(change[position] ?? words[position - 1] ?? '')
  }
  await click('check-words')
}

async function choosePassphrase(first: string, second = first): Promise<void> {
  await page.getByLabelText('New passphrase', { exact: true }).fill(first)
  await page.getByLabelText('The same again', { exact: true }).fill(second)
}

describe('creating a wallet', () => {
  it('shows words, address and path, checks the paper, asks for a passphrase, and only then uses it', async () => {
    const { wallet, element } = mountWallet(STARTER)
    await click('open-create')
    await click('words-24')
    await expect.element(page.getByTestId('words')).toBeVisible()
    expect([...element.querySelectorAll('.words-word')].map((word) => word.textContent)).toEqual(PHRASE_24)
    await expect.element(page.getByTestId('draft-address')).toHaveTextContent(NEW_ADDRESS)
    expect(element.textContent).toContain("m/44'/118'/0'/0/0")
    await click('written-down')
    expect(element.textContent).not.toContain(PHRASE_24[0])
    await answerCheck(PHRASE_24, { 7: 'wrong' })
    await expect.element(fault()).toMatchTextContent(/^Word 7 is another one/)
    await answerCheck(PHRASE_24)
    await choosePassphrase('short')
    await click('use-wallet')
    await expect.element(fault()).toMatchTextContent(/at least 10 characters/)
    await choosePassphrase(PASSPHRASE, `${PASSPHRASE}!`)
    await click('use-wallet')
    await expect.element(fault()).toMatchTextContent(/two passphrases differ/)
    await choosePassphrase(PASSPHRASE)
    await click('use-wallet')
    await expect.element(said()).toMatchTextContent(/^The new wallet is in use/)
    await expect.element(page.getByTestId('wallet-address')).toHaveTextContent(NEW_ADDRESS)
    expect(wallet.calls).toEqual(['create', 'use'])
    expect(wallet.state).toMatchObject({ isStarter: false, isBackedUp: true, protection: 'passphrase', wordCount: 24 })
    expect(element.innerHTML).not.toContain(PASSPHRASE)
  })

  it('covers the words while nobody looks, and drops them when it is left', async () => {
    const { element } = mountWallet(STARTER)
    await click('open-create')
    await click('words-12')
    await expect.element(page.getByTestId('words')).toBeVisible()
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
    document.dispatchEvent(new Event('visibilitychange'))
    await expect.element(page.getByTestId('words')).not.toBeInTheDocument()
    visibility.mockRestore()
    await page.getByRole('button', { name: /Show the words again/ }).click()
    await expect.element(page.getByTestId('words')).toBeVisible()
    await click('flow-close')
    await expect.element(page.getByTestId('flow-create')).not.toBeInTheDocument()
    expect(element.innerHTML).not.toContain(PHRASE_12[0])
  })

  it('says in words what the host refuses', async () => {
    const { wallet } = mountWallet(STARTER)
    wallet.nextError = new CodedError('connection_lost', 'x')
    await click('open-create')
    await click('words-12')
    await expect.element(fault()).toMatchTextContent(/^The host did not answer/)
    await click('words-12')
    await click('written-down')
    await answerCheck(PHRASE_12)
    await choosePassphrase('aaaaaaaaaaaa')
    await expect.element(page.getByTestId('strength')).toMatchTextContent(/Easy to guess/)
    await click('use-wallet')
    await expect.element(fault()).toMatchTextContent(/easy to guess/)
    await choosePassphrase(PASSPHRASE)
    wallet.joined = true
    await click('use-wallet')
    await expect.element(fault()).toMatchTextContent(/takes part right now/)
    wallet.joined = false
    wallet.nextError = new CodedError('draft_unknown', 'x')
    await click('use-wallet')
    await expect.element(fault()).toMatchTextContent(/15 minutes/)
  })

  it('leaves the passphrase to a sound key store of the desktop, and asks for one where there is none', async () => {
    const { wallet } = mountWallet(STARTER, { shell: 'desktop' })
    await click('open-create')
    await click('words-12')
    await click('written-down')
    await answerCheck(PHRASE_12)
    await expect.element(page.getByRole('radio', { name: /key store/ })).toBeChecked()
    await click('use-wallet')
    await expect.element(fault()).toMatchTextContent(/no sound key store/)
    await choosePassphrase(PASSPHRASE)
    await click('use-wallet')
    await expect.element(said()).toMatchTextContent(/^The new wallet is in use/)
    expect(wallet.state.protection).toBe('passphrase')
  })
})

describe('restoring a wallet', () => {
  it('marks the word that is none, and says so where all are but do not fit', async () => {
    const { wallet } = mountWallet(STARTER)
    await click('open-restore')
    const field = page.getByLabelText('Its 12 or 24 words, in their order')
    await field.fill('orbit stable')
    await click('restore-words')
    await expect.element(page.getByText('2 so far: 12 or 24 are needed.')).toBeVisible()
    await field.fill(PHRASE_12.with(4, 'l3mon').join(' '))
    await field.fill(PHRASE_12.with(4, 'limon').join(' '))
    await click('restore-words')
    await expect.element(fault()).toMatchTextContent(/^Word 5 is not in the list/)
    expect(page.getByTestId('typed-word').nth(4).element().getAttribute('data-wrong')).toBe('true')
    await field.fill(PHRASE_12.toReversed().join(' '))
    await expect.element(fault()).toHaveTextContent('')
    await click('restore-words')
    await expect.element(fault()).toMatchTextContent(/do not fit together/)
    expect(wallet.calls).toEqual(['restore', 'restore'])
  })

  it('shows address, path and balance before use, and replaces another wallet only when that one is confirmed', async () => {
    const { wallet, element } = mountWallet(OWN)
    await click('open-restore')
    await page
      .getByLabelText('Its 12 or 24 words, in their order')
      .fill(PHRASE_12.map((word, index) => `${index + 1}. ${word.toUpperCase()}`).join('\n'))
    await click('restore-words')
    await expect.element(page.getByTestId('draft-address')).toHaveTextContent(RESTORED_ADDRESS)
    await expect.element(page.getByTestId('found-balance')).toHaveTextContent('42.500000 TAIL')
    expect(element.innerHTML).not.toContain('puzzle')
    await click('found-right')
    await expect.element(page.getByTestId('replaces')).toMatchTextContent(new RegExp(SELF))
    await choosePassphrase(PASSPHRASE)
    await click('use-wallet')
    await expect.element(fault()).toMatchTextContent(/Type the last 6 characters/)
    await page.getByLabelText(/type its last 6/).fill(SELF.slice(-6))
    await click('use-wallet')
    await expect.element(said()).toHaveTextContent('The restored wallet is in use.')
    expect(wallet.state.address).toBe(RESTORED_ADDRESS)
  })
})

describe('keeping the wallet', () => {
  it('locks, refuses a wrong passphrase, opens with the right one', async () => {
    const { wallet } = mountWallet(OWN)
    await click('lock')
    await expect.element(said()).toHaveTextContent('The wallet is locked.')
    await click('open-unlock')
    await page.getByLabelText('Passphrase', { exact: true }).fill('not this one')
    await userEvent.keyboard('{Enter}')
    await expect.element(fault()).toMatchTextContent(/^This is not the wallet’s passphrase/)
    await expect.element(page.getByLabelText('Passphrase', { exact: true })).toHaveValue('')
    await page.getByLabelText('Passphrase', { exact: true }).fill(PASSPHRASE)
    await click('unlock')
    await expect.element(said()).toHaveTextContent('The wallet is open.')
    expect(wallet.calls).toEqual(['lock', 'unlock', 'unlock'])
  })

  it('changes the passphrase with the present one', async () => {
    mountWallet(OWN)
    await click('open-protect')
    await page.getByLabelText('Present passphrase', { exact: true }).fill('wrong one')
    await choosePassphrase('nine purple lanterns')
    await click('protect')
    await expect.element(fault()).toMatchTextContent(/not the wallet’s passphrase/)
    await page.getByLabelText('Present passphrase', { exact: true }).fill(PASSPHRASE)
    await click('protect')
    await expect.element(said()).toHaveTextContent('The passphrase is changed.')
  })

  it('shows the words again and takes the backup when they are on paper', async () => {
    const { wallet } = mountWallet({ ...OWN, isBackedUp: false })
    await click('open-backup')
    await page.getByLabelText('Passphrase', { exact: true }).fill(PASSPHRASE)
    await click('reveal')
    await expect.element(page.getByTestId('words')).toBeVisible()
    await click('written-down')
    await answerCheck(PHRASE_12)
    await expect.element(said()).toMatchTextContent(/^Backed up/)
    expect(wallet.state.isBackedUp).toBe(true)
  })

  it('says what a practice wallet is, and shows no words where there are none', async () => {
    const { show } = mountWallet(STARTER)
    await expect.element(page.getByText(/have no value anywhere else/)).toBeVisible()
    show({ ...idleSnapshot(), wallet: { ...OWN, wordCount: 0 } })
    await expect.element(page.getByText(/No words: it comes from an older data folder/)).toBeVisible()
    await expect.element(page.getByTestId('open-backup')).not.toBeInTheDocument()
  })
})

describe('sending', () => {
  async function fillSend(to: string, amount: string): Promise<void> {
    await page.getByLabelText('To', { exact: true }).fill(to)
    await page.getByLabelText('Amount in TAIL').fill(amount)
    await click('prepare-send')
  }

  it('is left by Escape, and says its steps to a screen reader', async () => {
    mountWallet(OWN)
    await click('open-send')
    await expect.element(page.getByRole('heading', { name: /^Send.*step 1 of 3: Who and how much$/ })).toHaveFocus()
    await userEvent.keyboard('{Escape}')
    await expect.element(page.getByTestId('flow-send')).not.toBeInTheDocument()
  })

  it('shows exactly what is signed, and a double click sends once', async () => {
    const { wallet } = mountWallet(OWN)
    await click('open-send')
    await fillSend(COMPANION_ONE, '1.234567')
    const compare = page.getByTestId('compare')
    await expect.element(compare).toMatchTextContent(/Amount1\.234567 TAILFee0\.002500 TAILTogether1\.237067 TAIL/)
    await expect.element(compare).toMatchTextContent(/You keep11\.262933 TAIL/)
    await expect.element(page.getByText(/has never seen this address/)).toBeVisible()
    const button = page.getByTestId('confirm-send').element() as HTMLElement
    button.click()
    button.click()
    await expect.element(page.getByTestId('sent-result')).toHaveTextContent('1.234567 TAIL are sent.')
    await expect.element(page.getByTestId('tx-hash')).toHaveTextContent('C4'.repeat(32))
    expect(wallet.calls).toEqual(['prepareSend', 'confirmSend'])
  })

  it('says what is wrong with what was typed, before and after the host looked', async () => {
    const { wallet } = mountWallet(OWN)
    await click('open-send')
    await fillSend('', '1,5')
    await expect.element(page.getByText('Paste the address: it begins with tail1.')).toBeVisible()
    await expect.element(page.getByText('Write decimals after a point: 12.5')).toBeVisible()
    expect(wallet.calls).toEqual([])
    await fillSend('cosmos1abc', '1')
    await expect.element(fault()).toMatchTextContent(/^This is no address of this network/)
    await fillSend(COMPANION_ONE, '13')
    await expect.element(fault()).toMatchTextContent(/You have 12\.5 TAIL\. The fee is 0\.0025 TAIL\./)
    await fillSend(SELF, '1')
    await expect.element(page.getByText(/own address: only the fee would move/)).toBeVisible()
  })

  it('does not sign a draft twice: after silence it says what is not known', async () => {
    const { wallet } = mountWallet(OWN)
    await click('open-send')
    await fillSend(COMPANION_ONE, '1')
    wallet.nextError = new CodedError('connection_lost', 'x')
    await click('confirm-send')
    await expect.element(fault()).toMatchTextContent(/not known whether this was sent/)
    await expect.element(page.getByTestId('confirm-send')).toBeDisabled()
    await click('send-back')
    await click('prepare-send')
    wallet.sent = { ...wallet.sent, code: 5, log: 'account is frozen' }
    await click('confirm-send')
    await expect.element(page.getByTestId('sent-result')).toMatchTextContent(/The chain refused it/)
    await expect.element(page.getByText('account is frozen')).toBeVisible()
  })

  it('asks for the passphrase first where the wallet is locked', async () => {
    mountWallet({ ...OWN, state: 'locked' })
    await click('open-send')
    await page.getByLabelText('Passphrase', { exact: true }).fill(PASSPHRASE)
    await click('unlock')
    await expect.element(page.getByLabelText('Amount in TAIL')).toBeVisible()
  })
})

describe('the payout address', () => {
  it('is explained, compared, signed, and taken back', async () => {
    const { wallet } = mountWallet(OWN)
    await click('open-payout')
    await page.getByLabelText('Credits go to').fill('tail')
    await click('payout-next')
    await expect.element(page.getByText('Paste the whole address: it begins with tail1.')).toBeVisible()
    await page.getByLabelText('Credits go to').fill(` ${COMPANION_TWO} `)
    await click('payout-next')
    await expect.element(page.getByTestId('payout-to')).toHaveTextContent(COMPANION_TWO)
    await click('payout-sign')
    await expect.element(page.getByTestId('sent-result')).toHaveTextContent('The chain knows where your credits go.')
    await click('sent-done')
    await click('open-payout')
    await click('payout-clear')
    await expect.element(page.getByTestId('payout-to')).toHaveTextContent(SELF)
    await click('payout-sign')
    await click('sent-done')
    expect(wallet.state.payoutAddress).toBe('')
    await expect.element(page.getByText('Credits come to this wallet')).toBeVisible()
  })
})
