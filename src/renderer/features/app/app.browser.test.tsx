import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import { SCENES } from '../../../../test/support/screen/scenes.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { App } from './app.tsx'
import { DefectBoundary } from './defect-boundary.tsx'

const scene = (name: string): ScreenSnapshot =>
  SCENES.find((candidate) => candidate.name.includes(name))?.snapshot ?? idleSnapshot()

function Broken(): never {
  throw new TypeError('broken')
}

let mounted: MountedScreen | undefined
beforeEach(() => page.viewport(1_280, 900))
afterEach(() => {
  mounted?.unmount()
  mounted = undefined
  document.documentElement.removeAttribute('data-theme')
  localStorage.clear()
})

describe('the screen', () => {
  it('offers Join, then Leave in its place', async () => {
    mounted = mountScreen(idleSnapshot(), <App />)
    await page.getByTestId('join').click()
    expect(mounted.calls).toEqual(['join'])
    mounted.show(scene('racing'))
    await expect.element(page.getByTestId('phase')).toHaveTextContent('Racing: 41 finds')
    await page.getByTestId('leave').click()
    expect(mounted.calls).toEqual(['join', 'leave'])
    mounted.store.setState({ link: 'lost' })
    await expect.element(page.getByTestId('leave')).toBeDisabled()
    await expect.element(page.getByTestId('banner')).toMatchTextContent(/No connection to the host/)
  })

  it('announces a phase once and is quiet about numbers', async () => {
    mounted = mountScreen(scene('racing'), <App />)
    const announcer = page.getByTestId('announcer')
    await expect.element(announcer).toHaveTextContent('The race is on.')
    const changes: string[] = []
    const watcher = new MutationObserver(() => changes.push(announcer.element().textContent))
    watcher.observe(announcer.element(), { childList: true, characterData: true, subtree: true })
    for (let finds = 42; finds < 50; finds++) {
      const { race } = scene('racing')
      mounted.show({ ...scene('racing'), race: race && { ...race, finds } })
      await expect.element(page.getByTestId('phase')).toHaveTextContent(`Racing: ${finds} finds`)
    }
    mounted.show(scene('verifying'))
    await expect.element(announcer).toMatchTextContent(/being verified/)
    expect(changes).toEqual(['The race is over. Your finds are being verified.'])
    watcher.disconnect()
  })

  it('shows the amounts to the last unit, and every unit with its reason', async () => {
    mounted = mountScreen(scene('credited'), <App />)
    await expect.element(page.getByTestId('amount-held')).toHaveTextContent('61.834902 TAIL')
    await expect.element(page.getByTestId('amount-balance')).toHaveTextContent('49.600000 TAIL')
    const reasons = [...mounted.element.querySelectorAll('[data-reason]')].map((row) => row.getAttribute('data-reason'))
    expect(reasons).toEqual(scene('credited').ledger.map((entry) => entry.reason))
  })

  it('has its pages behind links, which the keyboard and the back button reach', async () => {
    mounted = mountScreen(scene('work-running'), <App />)
    const home = page.getByRole('link', { name: 'Home' })
    await expect.element(home).toHaveAttribute('aria-current', 'page')
    page.getByRole('link', { name: 'Jobs' }).element().focus()
    await userEvent.keyboard('{Enter}')
    await expect.element(page.getByTestId('work-title')).toHaveTextContent('Answering 2 orders')
    expect(location.hash).toBe('#work')
    expect(localStorage.getItem('tailrace.page')).toBe('work')
    expect(document.title).toBe('Jobs · Tailrace')
    await page.getByRole('link', { name: 'Why', exact: true }).click()
    await expect.element(page.getByTestId('answers-title')).toBeVisible()
    history.back()
    await expect.element(page.getByTestId('work-title')).toBeVisible()
    await expect.element(home).not.toHaveAttribute('aria-current')
  })

  it('shows the newest of a long ledger first, and where the rest is', async () => {
    mounted = mountScreen(scene('why-thousand'), <App />)
    await expect.poll(() => mounted?.element.querySelectorAll('[data-reason]').length).toBe(8)
    await page.getByRole('link', { name: 'All of it, adding up' }).click()
    await expect.element(page.getByTestId('answers-title')).toBeVisible()
  })

  it('says why it could not do what was asked', async () => {
    mounted = mountScreen(idleSnapshot(), <App />)
    mounted.store.setState({ failure: 'chain_unreachable' })
    await expect.element(page.getByRole('alert')).toMatchTextContent(/^The chain does not answer right now\./)
  })

  it('keeps the choice of colours', async () => {
    mounted = mountScreen(idleSnapshot(), <App />)
    await expect.element(page.getByTestId('join')).toBeVisible()
    page.getByRole('radio', { name: 'System' }).element().focus()
    await userEvent.keyboard('{ArrowRight}')
    expect(document.documentElement.dataset.theme).toBe('light')
    await userEvent.keyboard('{ArrowRight}')
    expect(document.documentElement.dataset.theme).toBe('dark')
    expect(getComputedStyle(document.documentElement).colorScheme).toBe('dark')
    expect(localStorage.getItem('tailrace.theme')).toBe('dark')
  })
})

describe('a defect of the screen', () => {
  it('is said, with a way out, and leaves no blank page', async () => {
    mounted = mountScreen(
      idleSnapshot(),
      <DefectBoundary>
        <Broken />
      </DefectBoundary>,
    )
    await expect.element(page.getByRole('alert')).toMatchTextContent(/The host goes on without it/)
    await expect.element(page.getByRole('button', { name: 'Reload' })).toBeVisible()
  })
})

describe('the picture', () => {
  const sparks = () => mounted?.element.querySelectorAll('.mill-find').length ?? 0
  const wheel = () => mounted?.element.querySelector('[data-part="wheel"]')?.getAttribute('transform')

  it('turns while it races, lets a spark go for each find, and stands when the race is over', async () => {
    mounted = mountScreen(scene('racing'), <App />)
    await expect.element(page.getByTestId('phase')).toBeVisible()
    const before = wheel()
    await expect.poll(wheel).not.toBe(before)
    expect(sparks()).toBe(0)
    const { race } = scene('racing')
    mounted.show({ ...scene('racing'), race: race && { ...race, finds: race.finds + 2 } })
    await expect.poll(sparks).toBe(2)
    mounted.show(scene('waiting'))
    await expect.poll(sparks, { timeout: 20_000 }).toBe(0)
    const after = wheel()
    const changes: MutationRecord[] = []
    const watcher = new MutationObserver((records) => changes.push(...records))
    watcher.observe(mounted.element.querySelector('.mill') as Element, { attributes: true, subtree: true })
    for (let frame = 0; frame < 30; frame++) {
      await new Promise((resolve) => requestAnimationFrame(resolve))
    }
    watcher.disconnect()
    expect(changes).toEqual([])
    expect(wheel()).toBe(after)
  })
})
