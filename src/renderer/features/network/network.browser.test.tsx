import axe from 'axe-core'
import { afterEach, describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import type { Scene } from '../../../../test/support/screen/scene.ts'
import { NETWORK_SCENES } from '../../../../test/support/screen/scenes/scenes-network.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { App } from '../app/app.tsx'

let mounted: MountedScreen | undefined
afterEach(async () => {
  mounted?.unmount()
  mounted = undefined
  localStorage.clear()
  await page.viewport(1_280, 800)
})

function snapshotOf(name: string): ScreenSnapshot {
  const scene = NETWORK_SCENES.find((candidate: Scene) => candidate.name.includes(name))
  if (scene === undefined) {
    throw new Error(`no scene ${name}`)
  }
  return scene.snapshot
}

function mountNetwork(snapshot: ScreenSnapshot): MountedScreen {
  mounted = mountScreen(snapshot, <App />)
  mounted.open('network')
  return mounted
}

const names = () =>
  [...(mounted?.element.querySelectorAll('[data-testid="host-line"] .net-address') ?? [])].map((each) =>
    each.getAttribute('title'),
  )
const column = (name: string) =>
  [...(mounted?.element.querySelectorAll(`[data-testid="host-line"] [data-column="${name}"]`) ?? [])].map(
    (cell) => cell.textContent?.trim() ?? '',
  )
const numbers = (name: string) => column(name).map((text) => Number(text.replaceAll(/[^\d.]/g, '')))

describe('the hosts', () => {
  it('stand by weight, this one marked, and sort by a click on each column', async () => {
    await page.viewport(1_280, 800)
    mountNetwork(snapshotOf('public'))
    await expect.element(page.getByTestId('hosts-count')).toMatchTextContent(/^25 of 1\s284$/)
    expect(numbers('weight')).toEqual([...numbers('weight')].sort((a, b) => b - a))
    expect(mounted?.element.querySelectorAll('[data-testid="host-line"][data-self="true"]')).toHaveLength(1)
    await page.getByRole('button', { name: 'Finds' }).click()
    await expect.element(page.getByRole('columnheader', { name: 'Finds' })).toHaveAttribute('aria-sort', 'descending')
    expect(numbers('finds').slice(0, 25)).toEqual([...numbers('finds').slice(0, 25)].sort((a, b) => b - a))
    await page.getByRole('button', { name: 'Finds' }).click()
    await expect.element(page.getByRole('columnheader', { name: 'Finds' })).toHaveAttribute('aria-sort', 'ascending')
    await page.getByRole('button', { name: 'Last race' }).click()
    await expect.poll(() => column('verdict')[0]).toBe('convicted')
    await page.getByRole('button', { name: 'Show all 200' }).click()
    await expect.poll(() => names().length).toBe(200)
    await expect.element(page.getByText(/1\s084 more are registered/)).toBeVisible()
  })

  it('keep their places while blocks arrive, and take new ones with the epoch', async () => {
    const snapshot = snapshotOf('public')
    const screen = mountNetwork(snapshot)
    await expect.element(page.getByTestId('hosts-count')).toBeVisible()
    const before = names()
    const reversed = snapshot.hosts.map((host, index) => ({ ...host, weightPpm: 10 * index }))
    const later: ScreenSnapshot = { ...snapshot, hosts: reversed, chain: { ...snapshot.chain, height: 232 } }
    const top = mounted?.element.querySelector('.net-columns')?.getBoundingClientRect().top
    screen.show(later)
    await expect.element(page.getByText('Block 232')).toBeVisible()
    expect(names()).toEqual(before)
    expect(mounted?.element.querySelector('.net-columns')?.getBoundingClientRect().top).toBe(top)
    const epoch = snapshot.epoch && { ...snapshot.epoch, epoch: snapshot.epoch.epoch + 1 }
    screen.show({ ...later, epoch })
    await expect.poll(names).not.toEqual(before)
  })

  it('can be read at 320 pixels, and sorted there', async () => {
    await page.viewport(320, 800)
    mountNetwork(snapshotOf('public'))
    await expect.element(page.getByTestId('hosts-count')).toBeVisible()
    expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(320)
    await page.getByRole('combobox', { name: /Sort by/ }).selectOptions('faults')
    await expect.poll(() => numbers('faults')[0]).toBe(1)
    await expect.element(page.getByRole('row').first()).toBeInTheDocument()
  })
})

describe('prices', () => {
  it('show how they moved since one looks', async () => {
    const snapshot = snapshotOf('65-network')
    const screen = mountNetwork(snapshot)
    await expect.element(page.getByTestId('model-price')).toMatchTextContent(/417.*steady since you look/)
    const [model] = snapshot.models
    if (model === undefined) {
      throw new Error('the scene has a model')
    }
    const chain = { ...snapshot.chain, height: snapshot.chain.height + 1 }
    screen.show({ ...snapshot, chain, models: [{ ...model, price: '425340000' }] })
    await expect.element(page.getByTestId('model-price')).toMatchTextContent(/425\.34.*\+2\.0 % since you look/)
    expect(mounted?.element.querySelectorAll('.net-trend polyline')).toHaveLength(1)
  })
})

describe('for everybody', () => {
  it.each(NETWORK_SCENES)('$name is clean', async ({ snapshot }) => {
    mountNetwork(snapshot)
    await expect.element(page.getByRole('heading', { name: 'Network', level: 1 })).toBeVisible()
    const { violations } = await axe.run(mounted?.element ?? document)
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
  })
})
