/** The page “wallet” in its states and in the middle of its flows. */
import type { Page } from 'playwright-core'
import type { ScreenSnapshot } from '../../../../src/ipc/snapshot.ts'
import type { FakeBackend } from '../fake-backend.ts'
import { FakeWallet, PASSPHRASE, PHRASE_12 } from '../fake-wallet.ts'
import { COMPANION_ONE, COMPANION_TWO } from '../sample-snapshot.ts'
import type { Scene } from '../scene.ts'
import { CREDITED } from './race-scenes.ts'

const STARTER: ScreenSnapshot = { ...CREDITED, balance: '184205117' }
const OWN: ScreenSnapshot = {
  ...STARTER,
  wallet: { ...CREDITED.wallet, isStarter: false, isBackedUp: true, protection: 'passphrase', wordCount: 24 },
}
const PAID_OUT: ScreenSnapshot = { ...OWN, wallet: { ...OWN.wallet, payoutAddress: COMPANION_TWO } }
const LOCKED: ScreenSnapshot = {
  ...OWN,
  wallet: { ...OWN.wallet, state: 'locked', isBackedUp: false, device: { ...OWN.wallet.device, expiryHeight: 90_000 } },
}

const withWallet =
  (snapshot: ScreenSnapshot) =>
  (backend: FakeBackend): void => {
    backend.wallet = new FakeWallet({
      state: snapshot.wallet,
      balance: snapshot.balance,
      passphrase: PASSPHRASE,
      onState: (wallet) => backend.set({ wallet }),
    })
  }

const click = (page: Page, name: string): Promise<void> => page.getByTestId(name).click()

async function create(page: Page): Promise<void> {
  await click(page, 'open-create')
  await click(page, 'words-24')
  await page.getByTestId('words').waitFor()
}

async function restore(page: Page, words: readonly string[]): Promise<void> {
  await click(page, 'open-restore')
  await page.getByLabel('Its 12 or 24 words, in their order').fill(words.join(' '))
  await click(page, 'restore-words')
}

async function prepareSend(page: Page): Promise<void> {
  await click(page, 'open-send')
  await page.getByLabel('To', { exact: true }).fill(COMPANION_ONE)
  await page.getByLabel('Amount in TAIL').fill('12.345678')
  await page.getByLabel(/^Note/).fill('for the turbine')
  await click(page, 'prepare-send')
  await page.getByTestId('compare').waitFor()
}

function scene(name: string, snapshot: ScreenSnapshot, run?: (page: Page) => Promise<void>): Scene {
  const plain: Scene = { name, page: 'wallet', snapshot, prepare: withWallet(snapshot) }
  return run === undefined ? plain : { ...plain, act: { kind: 'do', run } }
}

export const WALLET_SCENES: readonly Scene[] = [
  scene('75-wallet-practice', STARTER),
  scene('75-wallet-own', PAID_OUT),
  scene('75-wallet-locked', LOCKED),
  scene('76-wallet-words', STARTER, create),
  scene('76-wallet-check', STARTER, async (page) => {
    await create(page)
    await click(page, 'written-down')
    await page.getByLabel('Word 3', { exact: true }).fill('rivet')
    await click(page, 'check-words')
  }),
  scene('76-wallet-wrong-word', STARTER, async (page) => {
    await restore(page, PHRASE_12.with(4, 'limon'))
    await page.getByText(/^Word 5 is not in the list/).waitFor()
  }),
  scene('76-wallet-found', OWN, async (page) => {
    await restore(page, PHRASE_12)
    await page.getByTestId('found-right').waitFor()
  }),
  scene('76-wallet-replace', OWN, async (page) => {
    await restore(page, PHRASE_12)
    await click(page, 'found-right')
    await page.getByLabel('New passphrase', { exact: true }).fill('seven green kettles')
  }),
  scene('77-wallet-compare', OWN, prepareSend),
  scene('77-wallet-sent', OWN, async (page) => {
    await prepareSend(page)
    await click(page, 'confirm-send')
    await page.getByTestId('sent-result').waitFor()
  }),
  scene('77-wallet-unlock', LOCKED, async (page) => {
    await click(page, 'open-unlock')
    await page.getByLabel('Passphrase', { exact: true }).fill('not this one')
    await click(page, 'unlock')
    await page.getByText(/^This is not the wallet’s passphrase/).waitFor()
  }),
  scene('77-wallet-payout', OWN, async (page) => {
    await click(page, 'open-payout')
    await page.getByLabel('Credits go to').fill(COMPANION_TWO)
    await click(page, 'payout-next')
    await page.getByTestId('payout-to').waitFor()
  }),
]
