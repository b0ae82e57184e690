import axe from 'axe-core'
import { afterEach, describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { emptyEarnings, sampleEarnings, withEarnings } from '../../../../test/support/screen/sample-earnings.ts'
import { idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import { CREDITED } from '../../../../test/support/screen/scenes/race-scenes.ts'
import { MINUTES, pruned, WEEKS } from '../../../../test/support/screen/scenes/scenes-earnings.ts'
import type { EarningsInput, EarningsPage } from '../../../ipc/wires/earnings-wire.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { formatTail } from '../../format/amounts.ts'
import { App } from '../app/app.tsx'
import { netOf, sumOf } from './earnings-sums.ts'

let mounted: MountedScreen | undefined
afterEach(() => {
  mounted?.unmount()
  mounted = undefined
  localStorage.clear()
})

/** The page over a host that has these earnings, in pages of `pageLength`. */
function mountEarnings(earnings: EarningsPage, holdEpochs = 1, pageLength = 400) {
  const asked: EarningsInput[] = []
  const state = { earnings, isSilent: false }
  const snapshot = earnings.epochs.length === 0 ? idleSnapshot() : withEarnings(CREDITED, earnings, holdEpochs)
  mounted = mountScreen({ ...snapshot, nowMs: Date.now() }, <App />)
  mounted.host.client = {
    earnings: {
      history: (async (input: EarningsInput) => {
        asked.push(input)
        if (state.isSilent) {
          throw new CodedError('chain_unreachable', 'no chain')
        }
        const before = input.beforeEpoch ?? Number.POSITIVE_INFINITY
        const known = state.earnings.epochs.filter(({ epoch }) => epoch < before)
        const length = Math.min(input.limit, pageLength)
        return { ...state.earnings, epochs: known.slice(0, length), hasMore: known.length > length }
      }) as never,
    },
  }
  mounted.open('earnings')
  return { asked, state, screen: mounted }
}

/** A browser's text has plain spaces for thin ones. */
const shownAs = (utail: string) => new RegExp(formatTail(utail).replaceAll('\u202f', '\\s').replace('.', '\\.'))

const now = () => ({ nowMs: Date.now() })

describe('the page of earnings', () => {
  it('reads all pages and sums them to the last unit', async () => {
    const earnings = sampleEarnings({ ...WEEKS, ...now() })
    const { asked } = mountEarnings(earnings, 12, 100)
    const net = netOf(sumOf(earnings.epochs)).toString()
    await expect.element(page.getByTestId('earned-all')).toMatchTextContent(shownAs(net))
    await expect.element(page.getByTestId('source-left')).toMatchTextContent(shownAs(net))
    expect(asked.map(({ beforeEpoch }) => beforeEpoch)).toEqual([undefined, 1801, 1701, 1601, 1501, 1401])
    await expect.element(page.getByTestId('earn-chart')).toBeVisible()
    expect(mounted?.element.querySelectorAll('.bars-slot').length).toBeGreaterThan(20)
    expect(mounted?.element.querySelectorAll('[data-testid="machine"]')).toHaveLength(2)
    await expect.element(page.getByRole('link', { name: 'The reason of each' })).toHaveAttribute('href', '#why')
  })

  it('asks for what is new with each entry of the ledger, and for little', async () => {
    const earnings = sampleEarnings({ ...MINUTES, ...now() })
    const { asked, screen, state } = mountEarnings(earnings)
    await expect.element(page.getByTestId('export')).toBeEnabled()
    expect(asked).toEqual([{ limit: 400 }])
    state.earnings = sampleEarnings({ ...MINUTES, ...now(), closed: MINUTES.closed + 1 })
    screen.show({ ...withEarnings(CREDITED, state.earnings, 1), nowMs: Date.now() })
    await expect.poll(() => asked.at(-1)).toEqual({ limit: 32 })
    const net = netOf(sumOf(state.earnings.epochs)).toString()
    await expect.element(page.getByTestId('source-left')).toMatchTextContent(shownAs(net))
  })

  it('switches between days and epochs, with a table that says the same', async () => {
    mountEarnings(sampleEarnings({ ...WEEKS, ...now(), closed: 60 }), 12)
    await expect.element(page.getByRole('heading', { name: 'Earned each day' })).toBeVisible()
    await page.getByText('Epochs', { exact: true }).click()
    await expect.element(page.getByRole('heading', { name: 'Earned in each epoch' })).toBeVisible()
    await page.getByText('The same as a table').click()
    expect(mounted?.element.querySelectorAll('.earn-table tbody tr')).toHaveLength(48)
    expect(mounted?.element.querySelectorAll('.bars-slot')).toHaveLength(48)
    await expect.element(page.getByText('Mean of a race')).toBeVisible()
  })

  it('saves a table of all of it', async () => {
    const earnings = sampleEarnings({ ...MINUTES, ...now() })
    mountEarnings(earnings)
    await expect.element(page.getByTestId('export')).toBeEnabled()
    const saved: { name: string; blob: Blob }[] = []
    const { createObjectURL } = URL
    let blob = new Blob()
    URL.createObjectURL = (object: Blob) => {
      blob = object
      return createObjectURL.call(URL, object)
    }
    const onClick = (event: MouseEvent) => {
      if (event.target instanceof HTMLAnchorElement && event.target.download !== '') {
        event.preventDefault()
        saved.push({ name: event.target.download, blob })
      }
    }
    // The link that saves is not in the page; its click is seen where all clicks of the window's anchors begin.
    const { click } = HTMLAnchorElement.prototype
    HTMLAnchorElement.prototype.click = function () {
      onClick({ target: this, preventDefault: () => undefined } as unknown as MouseEvent)
    }
    try {
      await page.getByTestId('export').click()
    } finally {
      HTMLAnchorElement.prototype.click = click
      URL.createObjectURL = createObjectURL
    }
    expect(saved[0]?.name).toMatch(/^tailrace-earnings-\d{4}-\d{2}-\d{2}\.csv$/)
    const rows = (await saved[0]?.blob.text())?.split('\r\n') ?? []
    expect(saved[0]?.blob.type).toBe('text/csv;charset=utf-8')
    expect(rows).toHaveLength(2 + earnings.epochs.reduce((sum, { lines }) => sum + lines.length, 0))
  })

  it('says what was lost with old entries', async () => {
    mountEarnings(pruned(sampleEarnings({ ...WEEKS, ...now() })), 12)
    await expect
      .element(page.getByTestId('missing'))
      .toMatchTextContent(/3\s023 older ones came to 19\s172\.920011 TAIL/)
  })

  it('says that the chain does not answer, and asks again', async () => {
    const { state } = mountEarnings(sampleEarnings({ ...MINUTES, ...now() }))
    await expect.element(page.getByTestId('export')).toBeEnabled()
    mounted?.unmount()
    const again = mountEarnings(state.earnings)
    again.state.isSilent = true
    await expect.element(page.getByRole('alert')).toMatchTextContent(/The chain does not answer/)
    await expect.element(page.getByTestId('export')).toBeDisabled()
    again.state.isSilent = false
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect.element(page.getByTestId('export')).toBeEnabled()
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument()
  })
})

describe('the forecast', () => {
  it('waits for three races', async () => {
    mountEarnings(sampleEarnings({ ...MINUTES, ...now(), closed: 2 }))
    await expect.element(page.getByTestId('forecast')).toMatchTextContent(/Not enough races yet.*Only 2 closed races/)
    mounted?.unmount()
    mountEarnings(emptyEarnings())
    await expect.element(page.getByTestId('forecast')).toMatchTextContent(/No closed race is known yet.*Join/)
  })

  it('has a band and says how it comes about', async () => {
    mountEarnings(sampleEarnings({ ...WEEKS, ...now() }), 12)
    await expect.element(page.getByTestId('forecast')).toMatchTextContent(/^≈ 1\s\d{3} TAIL$/)
    await expect.element(page.getByTestId('forecast-band')).toMatchTextContent(/between 1\s\d{3} and 1\s\d{3}/)
    await page.getByText(/^From 48 races/).click()
    await expect.element(page.getByText(/mean of the last 48 closed races, times 24 races/)).toBeVisible()
  })
})

describe('for everybody', () => {
  it.each([
    { name: 'weeks', earnings: () => sampleEarnings({ ...WEEKS, ...now() }) },
    { name: 'nothing yet', earnings: emptyEarnings },
  ])('is clean with $name', async ({ earnings }) => {
    mountEarnings(earnings(), 12)
    await expect.element(page.getByTestId('source-left')).toBeVisible()
    await expect.poll(() => mounted?.element.querySelector('[data-state="reading"]')).toBeNull()
    const { violations } = await axe.run(mounted?.element ?? document)
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
  })
})
