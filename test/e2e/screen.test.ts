import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../src/lib/bytes.ts'
import { createRaceModel } from '../../src/race/model.ts'
import { createOracle } from '../../src/race/oracle.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import { PAGES } from '../../src/renderer/state/pages.ts'
import { axeViolations } from '../support/screen/axe-violations.ts'
import { enactScene, versionOf } from '../support/screen/enact-scene.ts'
import { loseHost } from '../support/screen/lose-host.ts'
import { idleSnapshot } from '../support/screen/sample-snapshot.ts'
import type { Scene } from '../support/screen/scene.ts'
import { SCENES } from '../support/screen/scenes.ts'
import type { ScreenHarness } from '../support/screen/screen-harness.ts'
import { startScreenHarness } from '../support/screen/screen-harness.ts'
import { waitFor } from '../support/wait-for.ts'

let harness: ScreenHarness
beforeAll(async () => {
  harness = await startScreenHarness()
})
// Also after a failure: a page that stays open keeps the compute lease.
afterEach(() => harness.closePages())
afterAll(() => harness.stop())

const NEVER = new AbortController().signal

function sceneOf(name: string): Scene {
  const found = SCENES.find((candidate) => candidate.name.includes(name))
  if (found === undefined) {
    throw new Error(`no scene ${name}`)
  }
  return found
}

/** Waits until the page shows the snapshot that was set last; the page that is open stays. */
async function show(page: Page, name: string): Promise<void> {
  const scene = sceneOf(name)
  const version = versionOf(scene)
  harness.host.backend.set({ ...scene.snapshot, version, lease: harness.host.relay.state() })
  await page.getByText(version).waitFor()
}

/** The first scene of each page that has scenes of its own. */
const PAGE_SCENES = PAGES.flatMap((page) => SCENES.find((scene) => scene.page === page)?.name ?? [])

const enact = (page: Page, name: string) => enactScene(page, harness.host, sceneOf(name))

const OF_EACH_KIND = /racing|convicted|running|leave-asked|-verified|answered|why-earning|tour-earn|attention|-many/

/**
 * One scene of each kind is looked at whole in both colours. The others differ in what they say, not in how it is drawn: they are
 * looked at in the dark, without measuring each contrast, which takes most of the time. TAILRACE_ALL_SCENES=1 leaves nothing out.
 */
function lookAt(name: string, colorScheme: 'light' | 'dark'): { readonly contrast: boolean } | undefined {
  const isWhole = OF_EACH_KIND.test(name) || PAGE_SCENES.includes(name) || process.env.TAILRACE_ALL_SCENES === '1'
  return isWhole || colorScheme === 'dark' ? { contrast: isWhole } : undefined
}

describe('every phase of the screen', () => {
  it.each(['light', 'dark'] as const)('is clean to axe in %s', async (colorScheme) => {
    const { page, errors } = await harness.openPage({ colorScheme, reducedMotion: 'reduce' })
    const found: string[] = []
    for (const { name } of SCENES) {
      const look = lookAt(name, colorScheme)
      if (look !== undefined) {
        await enact(page, name)
        found.push(...(await axeViolations(page, look)).map((violation) => `${name}: ${violation}`))
      }
    }
    expect(found).toEqual([])
    expect(errors).toEqual([])
  })

  it('is looked at by an axe that finds what is wrong', async () => {
    const { page } = await harness.openPage({ colorScheme: 'light', reducedMotion: 'reduce' })
    await enact(page, 'idle')
    await page.evaluate(() => {
      const wrong = document.createElement('p')
      wrong.innerHTML = '<img src="data:,"><span style="color:#aaa;background:#fff">pale</span>'
      document.querySelector('main')?.append(wrong)
    })
    const kindsOf = async (contrast: boolean) =>
      (await axeViolations(page, { contrast })).map((line) => line.split(' ')[0])
    expect(await kindsOf(true)).toEqual(['color-contrast', 'image-alt'])
    expect(await kindsOf(false)).toEqual(['image-alt'])
  })

  const FITTING = [
    'idle',
    'racing',
    'credited',
    'convicted',
    'work-running',
    'work-long',
    'work-finishing',
    'leave-asked',
    'overview-serving',
    'build-verified',
    'build-answered',
    'build-long',
    'build-empty',
    'why-earning',
    'why-nothing',
    'tour-wallet',
    'attention',
    'troubles-many',
    ...PAGE_SCENES,
  ]

  it('fits from 320 to 2560 pixels', async () => {
    const { page } = await harness.openPage({ reducedMotion: 'reduce' })
    for (const name of FITTING) {
      await enact(page, name)
      for (const width of [320, 390, 768, 1_024, 1_280, 2_560]) {
        await page.setViewportSize({ width, height: 900 })
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        expect({ width, name, overflow: Math.max(0, overflow) }).toEqual({ width, name, overflow: 0 })
      }
    }
  })

  it('shifts nothing that a person looks at while numbers and phases change', async () => {
    const { page } = await harness.openPage({ width: 1_280, height: 1_900 })
    await show(page, 'joining')
    const places = () =>
      page.evaluate(() => {
        const parts = [
          ...document.querySelectorAll(
            '.head, .way, .way-headline, .way-detail, .way-action, .step-dot, .figure, .panel-title',
          ),
        ]
        return parts.map((part) => {
          const { x, y } = part.getBoundingClientRect()
          return [part.className, Math.round(x), Math.round(y)].join(' ')
        })
      })
    const first = await places()
    expect(first.length).toBeGreaterThan(15)
    for (const name of ['waiting', 'racing', 'verifying', 'weight', 'credited', 'leaving', 'idle']) {
      await show(page, name)
      expect(await places()).toEqual(first)
    }
  })

  it('shifts nothing on the page of paid work while orders come and go', async () => {
    const { page } = await harness.openPage({ width: 1_280, height: 2_400 })
    await enact(page, 'work-idle')
    const places = () =>
      page.evaluate(() =>
        [
          ...document.querySelectorAll(
            '.head, .work-headline, .work-detail, .leaving, .work-readout, #jobs-title, #services-title',
          ),
        ].map((part) => {
          const { x, y } = part.getBoundingClientRect()
          return [part.id, part.className, Math.round(y), part.className === 'work-readout' ? '' : Math.round(x)].join(
            ' ',
          )
        }),
      )
    const first = await places()
    expect(first.length).toBeGreaterThan(7)
    for (const name of ['work-running', 'work-checking', 'work-refunded', 'work-processor', 'work-idle']) {
      await show(page, name)
      expect(await places()).toEqual(first)
    }
  })

  it('stands still for those who prefer it', async () => {
    const { page } = await harness.openPage({ reducedMotion: 'reduce' })
    await show(page, 'racing')
    const FRAMES = 40
    // What the change to this scene still draws may end first; a picture that moves never has that many frames of rest.
    const isStill = await page.evaluate(
      (wanted) =>
        new Promise<boolean>((resolve) => {
          let rest = 0
          const picture = document.querySelector('.mill')
          const watcher = new MutationObserver(() => {
            rest = 0
          })
          watcher.observe(picture as Element, { attributes: true, subtree: true })
          let frames = 0
          const next = () => {
            rest += 1
            frames += 1
            if (rest > wanted || frames > 10 * wanted) {
              resolve(rest > wanted)
            } else {
              requestAnimationFrame(next)
            }
          }
          next()
        }),
      FRAMES,
    )
    expect(isStill).toBe(true)
  })
})

describe('a person', () => {
  it('joins with the keyboard and leaves with a click', async () => {
    const { backend } = harness.host
    backend.set(idleSnapshot())
    backend.commands.length = 0
    const { page } = await harness.openPage()
    const join = page.getByTestId('join')
    await join.waitFor()
    await waitFor('Join has the focus', async () => {
      await page.keyboard.press('Tab')
      return join.evaluate((button) => button === document.activeElement)
    })
    await page.keyboard.press('Enter')
    await waitFor('the host is asked', () => backend.commands.includes('join'))
    expect(await join.isDisabled()).toBe(true)
    await show(page, 'racing')
    expect(await page.getByTestId('phase').textContent()).toBe('Racing: 41 finds')
    await page.getByTestId('leave').click()
    await waitFor('the host is told', () => backend.commands.includes('leave'))
    await show(page, 'idle')
    await join.waitFor()
  })

  it('keeps the session over a reload, and the token is never in the address bar', async () => {
    harness.host.backend.set(idleSnapshot())
    const link = harness.link()
    const { page } = await harness.openPage({}, link)
    await page.getByTestId('phase').waitFor()
    expect(page.url()).not.toContain('token')
    await page.reload()
    await page.getByTestId('phase').waitFor()
    const { page: stranger } = await harness.openPage({}, link)
    await stranger.getByText('This link was used already').waitFor()
    const { page: bare } = await harness.openPage({}, new URL('/', link).href)
    await bare.getByText('Open Tailrace from its terminal').waitFor()
  })

  it('finds every page by its link, each under one heading and a title of its own', async () => {
    harness.host.backend.set(sceneOf('credited').snapshot)
    const { page, errors } = await harness.openPage()
    const titles: string[] = []
    for (const name of PAGES) {
      await page.getByTestId(`page-${name}`).click()
      await page.locator(`main[data-page="${name}"] h1`).waitFor()
      expect(await page.locator('h1').count()).toBe(1)
      expect(await page.locator('[aria-current="page"]').getAttribute('data-testid')).toBe(`page-${name}`)
      titles.push(await page.title())
    }
    expect(new Set(titles).size).toBe(PAGES.length)
    await page.goBack()
    await page.locator(`main[data-page="${PAGES.at(-2)}"]`).waitFor()
    expect(errors).toEqual([])
  })

  it('is led through the first steps, which end in the settings', async () => {
    const { backend } = harness.host
    backend.set(sceneOf('tour-wallet').snapshot)
    backend.commands.length = 0
    const { page } = await harness.openPage()
    await page.getByTestId('tour-next').click()
    await page.getByTestId('tour-next').click()
    await page.getByTestId('tour-join').click()
    await waitFor('the host is asked', () => backend.commands.includes('join'))
    await page.getByTestId('tour-finish').click()
    await page.getByTestId('tour').waitFor({ state: 'detached' })
    await waitFor('it is kept', () => backend.snapshot().settings.values.tourDone)
    expect(backend.commands).toContain('settings tourDone')
  })

  it('is told what to do when the host is gone, and still sees what was known', async () => {
    harness.host.backend.set(sceneOf('credited').snapshot)
    const { page } = await harness.openPage({ colorScheme: 'dark', reducedMotion: 'reduce' })
    await page.getByTestId('phase').waitFor()
    await loseHost(page)
    await page.getByText('Look into the terminal').waitFor()
    expect(await page.getByTestId('amount-credited').textContent()).toContain('49.600000')
    expect(await page.getByTestId('leave').isDisabled()).toBe(true)
    expect(await axeViolations(page, { contrast: true })).toEqual([])
  })

  it('is told in a second tab that the first computes, and can move the work', async () => {
    harness.host.backend.set(idleSnapshot())
    const { page: first } = await harness.openPage()
    await first.getByText('This tab is ready').waitFor()
    const { page: second } = await harness.openPage()
    await second.getByText('Another tab computes.').waitFor()
    await second.getByTestId('compute-here').click()
    await second.getByText('This tab is ready').waitFor()
    await first.getByText('Another tab computes.').waitFor()
    await second.context().close()
    await first.getByText('This tab is ready').waitFor()
  })
})

describe('a developer', () => {
  it('stops an answer, which ends the order at the host', async () => {
    const { backend } = harness.host
    const before = backend.stoppedChats
    const { page, errors } = await harness.openPage()
    await enact(page, 'build-streaming')
    await page.getByTestId('turn').getByText('the very').waitFor()
    await page.getByTestId('stop').click()
    await waitFor('the host hears of it', () => backend.stoppedChats === before + 1)
    await page.getByTestId('turn').getByText('Stopped.').waitFor()
    expect(errors).toEqual([])
  })

  it('takes a receipt along as a file, within the page’s security policy', async () => {
    const { backend } = harness.host
    backend.receipt = '{"format":"tailrace-receipt/1"}\n'
    const { page, errors } = await harness.openPage()
    await enact(page, 'build-ready')
    const order = page.getByTestId('order').first()
    await order.locator('summary').click()
    const [download] = await Promise.all([page.waitForEvent('download'), order.getByTestId('download').click()])
    expect(download.suggestedFilename()).toMatch(/^tailrace-receipt-[0-9a-f]{16}\.json$/)
    const chunks: Buffer[] = []
    for await (const chunk of await download.createReadStream()) {
      chunks.push(Buffer.from(chunk))
    }
    expect(Buffer.concat(chunks).toString()).toBe(backend.receipt)
    expect(errors).toEqual([])
  })

  it('keeps the page over a reload, beside the token', async () => {
    harness.host.backend.set(idleSnapshot())
    const { page } = await harness.openPage({}, `${harness.link()}&build`)
    await page.getByRole('heading', { name: 'Build', exact: true }).waitFor()
    expect(new URL(page.url()).hash).toBe('#build')
    await page.getByTestId('page-why').click()
    await page.reload()
    await page.getByTestId('answers-title').waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: 'Build', exact: true }).waitFor()
  })
})

describe('the page’s worker', () => {
  it('computes for the host through the lease, exactly as the oracle', async () => {
    const { relay, backend } = harness.host
    backend.set(idleSnapshot())
    const { page, errors } = await harness.openPage()
    await relay.whenLeased(NEVER)
    const report = await relay.probe(NEVER)
    expect(report.backends.map(({ kind, conformant }) => [kind, conformant])).toEqual([
      ['webgpu', true],
      ['cpu', true],
    ])
    const epochSeed = new Uint8Array(32).fill(9)
    const host = new Uint8Array(20).fill(4)
    const oracle = createOracle(createRaceModel(RACE_SHAPES.dev, epochSeed))
    const digests = await relay.check({ shape: 'dev', epochSeed, host, nonces: [0n, 7n, 1n << 40n] }, NEVER)
    expect(digests.map(toHex)).toEqual([0n, 7n, 1n << 40n].map((nonce) => toHex(oracle.attempt(host, nonce))))

    const stop = new AbortController()
    const finds: bigint[] = []
    const target = new Uint8Array(32).fill(128, 0, 1)
    const job = {
      shape: 'dev',
      epochSeed,
      host,
      target,
      startNonce: 5n,
      backend: 'webgpu',
      dutyPpm: 1_000_000,
    } as const
    const race = relay.race(
      job,
      { onFinds: (nonces) => finds.push(...nonces), onProgress: () => undefined, onNotice: () => undefined },
      stop.signal,
    )
    await waitFor('finds arrive', () => finds.length >= 3, { deadlineMs: 60_000 })
    stop.abort()
    const last = await race
    expect(last.finds).toBeGreaterThanOrEqual(3)
    const isFind = (nonce: bigint) => (oracle.attempt(host, nonce)[0] ?? 255) < 128
    const expected = Array.from({ length: 40 }, (_, index) => 5n + BigInt(index)).filter(isFind)
    expect(finds.slice(0, 3)).toEqual(expected.slice(0, 3))
    expect(errors).toEqual([])
    await page.context().close()
    await waitFor('the lease is free', () => relay.state().state === 'free')
  })
})
