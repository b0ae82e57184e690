/** Brings a scene before a person's eyes on a real page: the host's state, the page that is open, and what the person does. */
import type { Page } from 'playwright-core'
import type { PageName } from '../../../src/renderer/state/pages.ts'
import { fragmentOf } from '../../../src/renderer/state/pages.ts'
import { earningsOfLedger } from './earnings-of-ledger.ts'
import { FakeBackend } from './fake-backend.ts'
import type { Scene } from './scene.ts'
import type { ScreenHost } from './screen-host.ts'

/** `snapshot`: the scene's own, where a caller has made its times the present. Resolves when the page shows it. */
export async function enactScene(
  page: Page,
  host: ScreenHost,
  scene: Scene,
  snapshot: Scene['snapshot'] = scene.snapshot,
): Promise<void> {
  const { backend, relay } = host
  const version = versionOf(scene)
  await endLastAct(page)
  if (scene.ledger !== undefined) {
    backend.page = { ...backend.page, entries: scene.ledger }
  }
  const { wallet, readings } = new FakeBackend()
  Object.assign(backend, { wallet, readings, earningsPage: earningsOfLedger(snapshot.ledger, Date.now()) })
  scene.prepare?.(backend)
  backend.set({ ...snapshot, version, lease: relay.state() })
  await page.getByText(version).waitFor()
  await openPage(page, scene.page ?? 'home')
  await act(page, host, scene)
}

/** The page shows the version at its foot: that tells which snapshot it shows. */
export function versionOf({ name }: Pick<Scene, 'name'>): string {
  return `0.0.${name}`.slice(0, 32)
}

async function act(page: Page, { backend }: ScreenHost, { act }: Scene): Promise<void> {
  switch (act?.kind) {
    case undefined:
      return
    case 'ask': {
      backend.answer = act.answer
      await page.getByLabel('Your prompt').fill(act.prompt)
      await page.getByTestId('send').click()
      const end = act.answer.at(-1)
      await page
        .locator(`[data-testid="turn"][data-state="${stateOf(end?.type)}"]`)
        .first()
        .waitFor()
      return
    }
    case 'verify':
      backend.verdict = act.verdict
      await page.getByTestId('order').first().locator('summary').click()
      await page.getByTestId('order').first().getByTestId('verify').click()
      await page.getByTestId('verdict').waitFor()
      return
    case 'open':
      await page
        .getByTestId(act.entry)
        .nth(act.entry === 'job' ? 0 : 2)
        .locator('summary')
        .click()
      return
    case 'leave':
      await page.getByTestId('leave').click()
      await page.getByTestId('leave-dialog').waitFor()
      return
    case 'do':
      await act.run(page)
  }
}

function stateOf(end: 'text' | 'done' | 'failed' | undefined): string {
  return end === 'done' || end === 'failed' ? end : 'streaming'
}

/** Nothing of the scene before stays: a dialog, an answer under way, an opened entry. */
async function endLastAct(page: Page): Promise<void> {
  await page.keyboard.press('Escape')
  const stop = page.getByTestId('stop')
  if (await stop.isVisible()) {
    // The answer may have ended by itself in between.
    await stop.click({ timeout: 2_000 }).catch(() => undefined)
  }
  await openPage(page, 'home')
  await page.getByTestId('phase').waitFor()
}

/** By the address, as a bookmark does: on a phone some links stand in a menu. */
export async function openPage(page: Page, name: PageName): Promise<void> {
  await page.evaluate((fragment) => {
    location.hash = fragment
  }, fragmentOf(name))
  await page.locator(`[data-page="${name}"]`).waitFor()
}
