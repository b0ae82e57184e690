import { afterEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { SCENES } from '../../../../test/support/screen/scenes.ts'
import { App } from '../app/app.tsx'

let mounted: MountedScreen | undefined
afterEach(() => {
  mounted?.unmount()
  mounted = undefined
  localStorage.clear()
})

function mountWhy(name: string): MountedScreen {
  const scene = SCENES.find((candidate) => candidate.name.includes(name))
  if (scene === undefined) {
    throw new Error(`no scene ${name}`)
  }
  mounted = mountScreen(scene.snapshot, <App />)
  mounted.host.older = [...(scene.ledger ?? [])].reverse()
  mounted.open('why')
  return mounted
}

const rows = () => mounted?.element.querySelectorAll('[data-reason]').length

describe('the why-ledger', () => {
  it('reads a thousand entries page by page and shows them when asked', async () => {
    const { calls } = mountWhy('why-thousand')
    await expect.element(page.getByTestId('ledger-count')).toMatchTextContent(/^1\s000 entries$/)
    expect(calls).toEqual(Array.from({ length: 10 }, (_, index) => `ledger before ${951 - 100 * index}`))
    expect(rows()).toBe(50)
    for (const shown of [150, 250]) {
      await page.getByRole('button', { name: 'Show earlier' }).click()
      await expect.poll(rows).toBe(shown)
    }
    await expect.element(page.getByTestId('adds-up')).toHaveAttribute('data-state', 'equal')
  })

  it('adds up to the chain, and keeps doing so while it grows', async () => {
    const { show, store } = mountWhy('why-earning')
    await expect.element(page.getByTestId('adds-up')).toMatchTextContent(/Adds up to what the chain says/)
    const snapshot = store.getState().snapshot
    if (snapshot?.standing == null || snapshot.ledgerTotals === null) {
      throw new Error('the scene has a standing')
    }
    const held = (BigInt(snapshot.standing.held) + 1n).toString()
    show({ ...snapshot, standing: { ...snapshot.standing, held } })
    await expect.element(page.getByTestId('adds-up')).toHaveAttribute('data-state', 'comparing')
    const totals = {
      ...snapshot.ledgerTotals,
      held: (BigInt(snapshot.ledgerTotals.held) + 1n).toString(),
      lastSequence: '191',
    }
    const newest = snapshot.ledger[0]
    if (newest === undefined) {
      throw new Error('the scene has a ledger')
    }
    const unit = { ...newest, sequence: '191', kind: 'hold' as const, reason: 'check_reward', amount: '1' }
    show({
      ...snapshot,
      standing: { ...snapshot.standing, held },
      ledger: [unit, ...snapshot.ledger.slice(0, -1)],
      ledgerTotals: totals,
    })
    await expect.element(page.getByTestId('adds-up')).toHaveAttribute('data-state', 'equal')
  })

  it('says when it is not what the chain says, after some blocks', async () => {
    const { show, store } = mountWhy('why-comparing')
    await expect.element(page.getByTestId('adds-up')).toMatchTextContent(/Comparing with what the chain says/)
    const snapshot = store.getState().snapshot
    if (snapshot === undefined) {
      throw new Error('no snapshot')
    }
    const atHeight = (more: number) =>
      show({ ...snapshot, chain: { ...snapshot.chain, height: snapshot.chain.height + more } })
    atHeight(3)
    await expect.element(page.getByTestId('adds-up')).toHaveAttribute('data-state', 'comparing')
    atHeight(4)
    await expect.element(page.getByTestId('adds-up')).toMatchTextContent(/That is a defect/)
  })

  it('shows one kind alone, by keyboard', async () => {
    mountWhy('why-earning')
    await expect.element(page.getByTestId('ledger-count')).toHaveTextContent('190 entries')
    page.getByRole('radio', { name: 'All' }).element().focus()
    await userEvent.keyboard('{ArrowRight}{ArrowRight}{ArrowRight}{ArrowRight}')
    await expect.element(page.getByRole('radio', { name: 'Taken' })).toBeChecked()
    const kinds = () =>
      new Set([...(mounted?.element.querySelectorAll('[data-kind]') ?? [])].map((row) => row.getAttribute('data-kind')))
    await expect.poll(kinds).toEqual(new Set(['debit']))
    expect(mounted?.element.querySelectorAll('[data-testid="running-sum"]').length).toBe(rows())
  })

  it('reads on where the host was silent', async () => {
    const { host, store } = mountWhy('why-nothing')
    host.isLedgerSilent = true
    const thousand = SCENES.find(({ name }) => name.includes('why-thousand'))
    host.older = [...(thousand?.ledger ?? [])].reverse()
    const snapshot = thousand?.snapshot
    if (snapshot === undefined) {
      throw new Error('no scene')
    }
    mounted?.show(snapshot)
    await expect.element(page.getByRole('alert')).toMatchTextContent(/The host did not answer/)
    host.isLedgerSilent = false
    await page.getByRole('button', { name: 'Read on' }).click()
    await expect.poll(() => store.getState().history.entries.length).toBe(1_000)
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument()
  })
})

describe('the chart', () => {
  it('has a table that says the same', async () => {
    mountWhy('why-earning')
    await expect.element(page.getByTestId('ledger-count')).toHaveTextContent('190 entries')
    await expect.element(page.getByRole('img', { name: /^Bars for 26 epochs\./ })).toBeVisible()
    await page.getByText('The same as a table').click()
    const table = page.getByRole('table')
    await expect.element(table).toBeVisible()
    expect(table.element().querySelectorAll('tbody tr')).toHaveLength(26)
    expect(mounted?.element.querySelectorAll('.chart-bars g')).toHaveLength(26)
  })

  it('waits for something to show', async () => {
    mountWhy('why-nothing')
    await expect.element(page.getByTestId('answers-title')).toHaveTextContent('Why am I not earning?')
    await expect.element(page.getByText(/^The first bar comes with/)).toBeVisible()
    await expect.element(page.getByTestId('adds-up')).not.toBeInTheDocument()
  })
})
