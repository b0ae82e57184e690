import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { earningsOfLedger } from '../../../../test/support/screen/earnings-of-ledger.ts'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import { CREDITED } from '../../../../test/support/screen/scenes/race-scenes.ts'
import { trouble } from '../../../../test/support/screen/scenes/scenes-home.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { SettingsPatch } from '../../../ipc/wires/settings-wire.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { TourAgain } from '../tour/tour-again.tsx'
import { App } from './app.tsx'

let mounted: MountedScreen | undefined
beforeEach(() => page.viewport(1_280, 900))
afterEach(() => {
  mounted?.unmount()
  mounted = undefined
  localStorage.clear()
  sessionStorage.clear()
})

function withTour(snapshot: ScreenSnapshot, tourDone: boolean): ScreenSnapshot {
  return { ...snapshot, settings: { ...snapshot.settings, values: { ...snapshot.settings.values, tourDone } } }
}

/** Lets the mounted host take settings; returns the patches that it was asked for. */
function takeSettings(screen: MountedScreen): readonly SettingsPatch[] {
  const patches: SettingsPatch[] = []
  screen.host.client = {
    settings: {
      change: async (patch: SettingsPatch) => {
        patches.push(patch)
        const { snapshot } = screen.store.getState()
        const next = withTour(snapshot ?? idleSnapshot(), patch.tourDone === true)
        screen.show(next)
        return next.settings
      },
    },
  }
  return patches
}

describe('the first steps', () => {
  it('lead from the wallet over the device to Join, by keyboard, and are kept as done', async () => {
    mounted = mountScreen(withTour(idleSnapshot(), false), <App />)
    const patches = takeSettings(mounted)
    const tour = page.getByTestId('tour')
    await expect.element(tour).toMatchTextContent(/practice wallet/)
    await expect.element(page.getByTestId('tour-wallet')).toHaveAttribute('href', '#wallet')
    page.getByTestId('tour-next').element().focus()
    await userEvent.keyboard('{Enter}')
    const second = page.getByRole('heading', { name: 'What this computer can do' })
    await expect.element(second).toHaveFocus()
    await page.getByTestId('tour-next').click()
    await page.getByTestId('tour-join').click()
    expect(mounted.calls).toEqual(['join'])
    await page.getByTestId('tour-finish').click()
    await expect.element(tour).not.toBeInTheDocument()
    expect(patches).toEqual([{ tourDone: true }])
  })

  it('leave Join free at once, and stay where they are while another page is open', async () => {
    mounted = mountScreen(withTour(idleSnapshot(), false), <App />)
    await page.getByTestId('tour-next').click()
    await page.getByTestId('page-device').click()
    await expect.element(page.getByTestId('tour')).not.toBeInTheDocument()
    await page.getByTestId('page-home').click()
    await expect.element(page.getByTestId('tour')).toHaveAttribute('data-step', '2')
    await page.getByTestId('join').click()
    expect(mounted.calls).toEqual(['join'])
  })

  it('can be put away also where the settings cannot be changed', async () => {
    mounted = mountScreen(withTour(idleSnapshot(), false), <App />)
    const change = () => Promise.reject(new CodedError('setting_fixed', 'no'))
    mounted.host.client = { settings: { change } }
    await page.getByTestId('tour-away').click()
    await expect.element(page.getByTestId('tour')).not.toBeInTheDocument()
    await expect.element(page.getByTestId('join')).toBeVisible()
  })

  it('are shown again from the beginning', async () => {
    mounted = mountScreen(
      withTour(idleSnapshot(), true),
      <>
        <App />
        <TourAgain />
      </>,
    )
    const patches = takeSettings(mounted)
    await page.getByTestId('page-logs').click()
    await page.getByTestId('tour-again').click()
    await expect.element(page.getByTestId('tour')).toHaveAttribute('data-step', '1')
    expect(patches).toEqual([{ tourDone: false }])
    expect(location.hash).toBe('#home')
  })
})

describe('troubles', () => {
  it('stand above every page, worst first, and go when they are over', async () => {
    const troubles = [trouble('disk_low'), trouble('clock_off')]
    mounted = mountScreen({ ...CREDITED, troubles }, <App />)
    await page.getByTestId('page-logs').click()
    const codes = () =>
      [...(mounted?.element.querySelectorAll('[data-testid="banner"]') ?? [])].map((banner) =>
        banner.getAttribute('data-code'),
      )
    await expect.poll(codes).toEqual(['clock_off', 'disk_low'])
    mounted.show(CREDITED)
    await expect.poll(codes).toEqual([])
  })

  it('are announced by title once, whatever runs in their text', async () => {
    const behind = (behindBlocks: number): ScreenSnapshot => ({
      ...CREDITED,
      troubles: [{ ...trouble('chain_catching_up'), fields: { behindBlocks } }],
    })
    mounted = mountScreen(behind(900), <App />)
    const announcer = page.getByTestId('trouble-announcer')
    await expect.element(announcer).toHaveTextContent('Catching up with the chain.')
    const changes: MutationRecord[] = []
    const watcher = new MutationObserver((records) => changes.push(...records))
    watcher.observe(announcer.element(), { childList: true, characterData: true, subtree: true })
    mounted.show(behind(800))
    await expect.element(page.getByTestId('banner')).toMatchTextContent(/800 blocks/)
    watcher.disconnect()
    expect(changes).toEqual([])
  })

  it('offer what the screen can do: a page, or this tab', async () => {
    mounted = mountScreen({ ...CREDITED, troubles: [trouble('wallet_locked'), trouble('page_closed')] }, <App />)
    mounted.store.setState({ tab: 'elsewhere' })
    await page.getByTestId('compute-here').click()
    expect(mounted.calls).toEqual(['compute here'])
    await page.getByTestId('trouble-action').click()
    expect(location.hash).toBe('#wallet')
    await expect.element(page.getByTestId('trouble-action')).not.toBeInTheDocument()
  })

  it('say what to do where the host is gone, for each shell', async () => {
    mounted = mountScreen(CREDITED, <App />)
    mounted.store.setState({ link: 'lost' })
    const banner = page.getByTestId('banner')
    await expect.element(banner).toMatchTextContent(/run the start command again/)
    await expect.element(page.getByTestId('state-chip')).toMatchTextContent(/Offline/)
    mounted.show({ ...CREDITED, shell: 'desktop' })
    await expect.element(banner).toMatchTextContent(/Look for Tailrace in the tray/)
    mounted.store.setState({ link: 'outdated' })
    await expect.element(banner).toMatchTextContent(/older than the host/)
    await expect.element(banner.getByRole('button', { name: 'Reload' })).toBeVisible()
  })
})

describe('the frame', () => {
  it('is passed by with the first key, and says which page is open', async () => {
    mounted = mountScreen(CREDITED, <App />)
    await expect.element(page.getByTestId('page-home')).toHaveAttribute('aria-current', 'page')
    page.getByTestId('skip').element().focus()
    await userEvent.keyboard('{Enter}')
    expect(document.activeElement?.id).toBe('content')
    expect(location.hash).toBe('')
  })

  it('has every page within two taps on a phone', async () => {
    await page.viewport(390, 844)
    mounted = mountScreen(CREDITED, <App />)
    const more = page.getByTestId('more-pages')
    await expect.element(more).toHaveAttribute('aria-expanded', 'false')
    await more.click()
    await page.getByTestId('page-settings').click()
    expect(location.hash).toBe('#settings')
    await expect.element(more).toHaveAttribute('aria-expanded', 'false')
    await more.click()
    await userEvent.keyboard('{Escape}')
    await expect.element(more).toHaveAttribute('aria-expanded', 'false')
    await page.getByTestId('page-earnings').click()
    expect(location.hash).toBe('#earnings')
  })

  it.each([
    [{ isStarter: true }, /Practice wallet/],
    [{ isStarter: false }, /Not backed up/],
    [{ isStarter: false, isBackedUp: true, state: 'locked' as const }, /Locked/],
    [{ isStarter: false, isBackedUp: true }, /ufg7h$/],
  ])('says quietly how the wallet stands: %o', async (change, words) => {
    mounted = mountScreen({ ...CREDITED, wallet: { ...CREDITED.wallet, ...change } }, <App />)
    const chip = page.getByTestId('wallet-chip')
    await expect.element(chip).toMatchTextContent(words)
    await expect.element(chip).toHaveAttribute('href', '#wallet')
  })
})

describe('Home', () => {
  it('says what came in today, and renews it with the ledger', async () => {
    let { ledger } = CREDITED
    const limits: number[] = []
    mounted = mountScreen(idleSnapshot(), <App />)
    mounted.host.client = {
      earnings: {
        history: async ({ limit }: { readonly limit: number }) => {
          limits.push(limit)
          return earningsOfLedger(ledger, Date.now())
        },
      },
    }
    mounted.show(CREDITED)
    const today = page.getByTestId('today')
    await expect.element(today).toHaveTextContent('123.834902 TAIL')
    const [newest] = ledger
    ledger = newest === undefined ? [] : [{ ...newest, sequence: '8', epoch: 6, amount: '1000000' }, ...ledger]
    const { ledgerTotals } = CREDITED
    mounted.show({ ...CREDITED, ledgerTotals: ledgerTotals && { ...ledgerTotals, lastSequence: '8' } })
    await expect.element(today).toHaveTextContent('124.834902 TAIL')
    expect(limits).toEqual([400, 4])
  })
})
