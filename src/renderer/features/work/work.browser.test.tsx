import { afterEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import { VERIFIED } from '../../../../test/support/screen/scenes/build-scenes.ts'
import { orderHash, WORK } from '../../../../test/support/screen/scenes/work-scenes.ts'
import { SCENES } from '../../../../test/support/screen/scenes.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { App } from '../app/app.tsx'

const scene = (name: string): ScreenSnapshot =>
  SCENES.find((candidate) => candidate.name.includes(name))?.snapshot ?? idleSnapshot()

let mounted: MountedScreen | undefined
afterEach(() => {
  mounted?.unmount()
  mounted = undefined
  localStorage.clear()
})

function mountWork(name: string): MountedScreen {
  mounted = mountScreen(scene(name), <App />)
  mounted.open('work')
  return mounted
}

describe('the ways to go', () => {
  it('ask once before something is forfeited, and name it to the last unit', async () => {
    const { calls } = mountWork('work-running')
    await expect
      .element(page.getByTestId('forfeit'))
      .toHaveTextContent('Leaving now forfeits at most 0.1393 TAIL; Finish keeps it.')
    await page.getByTestId('leave').click()
    const dialog = page.getByRole('dialog', { name: 'Leave now?' })
    await expect.element(dialog).toBeVisible()
    await expect.element(dialog).toMatchTextContent(/0\.083700 TAIL.*0\.055600 TAIL.*At most0\.139300 TAIL/)
    await userEvent.keyboard('{Escape}')
    await expect.element(dialog).not.toBeInTheDocument()
    expect(calls).toEqual([])
    expect(document.activeElement).toBe(page.getByTestId('leave').element())
    await page.getByTestId('leave').click()
    await page.getByTestId('leave-confirm').click()
    expect(calls).toEqual(['leave'])
    await expect.element(dialog).not.toBeInTheDocument()
  })

  it('offer Finish in the question too', async () => {
    const { calls } = mountWork('work-running')
    await page.getByTestId('leave').click()
    await page.getByTestId('finish-instead').click()
    expect(calls).toEqual(['finish'])
  })

  it('leave without a question where nothing is at stake', async () => {
    const { calls } = mountWork('work-idle')
    await expect.element(page.getByTestId('forfeit')).toHaveTextContent('Leaving now forfeits nothing at the moment.')
    await page.getByTestId('leave').click()
    expect(calls).toEqual(['leave'])
  })

  it('show the step of Finish and take it back', async () => {
    const { calls, show } = mountWork('work-running')
    await page.getByTestId('finish').click()
    expect(calls).toEqual(['finish'])
    show(scene('work-finishing'))
    await expect.element(page.getByTestId('work-title')).toHaveTextContent('Finishing')
    const steps = page.getByRole('list', { name: 'The steps of Finish' })
    const current = () => steps.element().querySelector('[aria-current="step"]')?.textContent
    expect(current()).toContain('Draws closed')
    await expect.element(page.getByTestId('announcer')).toMatchTextContent(/^Finishing\. Chance draws/)
    await expect.element(page.getByTestId('finish')).not.toBeInTheDocument()
    await page.getByTestId('stay').click()
    expect(calls).toEqual(['finish', 'join'])
  })

  it('are one plain Leave where there is no paid work', async () => {
    const { calls } = mountWork('work-none')
    await expect.element(page.getByTestId('work-title')).toHaveTextContent('No paid work here')
    await expect.element(page.getByTestId('finish')).not.toBeInTheDocument()
    await page.getByRole('button', { name: 'Leave' }).click()
    expect(calls).toEqual(['leave'])
  })
})

describe('orders and receipts', () => {
  it('open by keyboard to their whole way and their receipt', async () => {
    const { calls, host } = mountWork('work-checking')
    host.verdict = VERIFIED
    const job = page.getByTestId('job').first()
    await expect.element(job).toBeVisible()
    job.element().querySelector('summary')?.focus()
    await userEvent.keyboard('{Enter}')
    await expect.element(job.getByRole('list', { name: 'The way of this receipt, in full' })).toBeVisible()
    await job.getByTestId('verify').click()
    await expect.element(job.getByTestId('verdict')).toMatchTextContent(/^Verified: every check holds/)
    expect(calls).toEqual([`verify ${orderHash(12).slice(0, 4)}`])
  })

  it('show what went wrong in words', async () => {
    mountWork('work-checking')
    const failed = page.getByTestId('job').nth(2)
    await failed.click()
    await expect.element(failed).toMatchTextContent(/It was stopped before its first token\./)
    await expect.element(failed.getByTestId('verify')).not.toBeInTheDocument()
  })

  it('show the way of a refunded batch to its end', async () => {
    mountWork('work-refunded')
    const way = page.getByRole('list', { name: 'The way of batch 12' })
    await expect.element(way).toMatchTextContent(/Checkednot shown\(failed\).*Refunded0\.0834\(failed\)/)
  })

  it('are shown a few first, all when asked', async () => {
    const { element } = mountWork('work-running')
    const count = () => element.querySelectorAll('[data-testid="job"]').length
    await expect.poll(count).toBe(8)
    await page.getByRole('button', { name: 'Show all 11' }).click()
    await expect.poll(count).toBe(11)
  })
})

describe('a model', () => {
  it('says why it is served by this backend', async () => {
    mountWork('work-processor')
    await expect.element(page.getByTestId('service')).toMatchTextContent(/Processor \(WASM\)/)
    await expect.element(page.getByTestId('service')).toMatchTextContent(/test answer differed from the reference/)
  })
})

describe('the first page', () => {
  it('says in one line what paid work does', async () => {
    mounted = mountScreen({ ...scene('work-idle'), work: WORK }, <App />)
    await page.getByRole('link', { name: 'Show the work' }).click()
    await expect.element(page.getByTestId('work-title')).toHaveTextContent('Nobody has ordered')
  })
})
