/**
 * Writes a picture of every page and state of the screen, dark and light, wide and narrow, to test-results/screens.
 * `node scripts/screens.ts [part of a scene's name …]`; without a name, all of them.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { enactScene } from '../test/support/screen/enact-scene.ts'
import { loseHost } from '../test/support/screen/lose-host.ts'
import { SAMPLE_NOW_MS } from '../test/support/screen/sample-snapshot.ts'
import type { Scene } from '../test/support/screen/scene.ts'
import { SCENES } from '../test/support/screen/scenes.ts'
import { startScreenHarness } from '../test/support/screen/screen-harness.ts'
import { isMain, repoRoot } from './files.ts'

const SIZES = [
  { name: 'wide', width: 1_280, height: 860 },
  { name: 'narrow', width: 390, height: 844 },
]
/** Long enough for transitions to end and some frames of the picture to pass. */
const SETTLE_MS = 900

async function takePictures(names: readonly string[]): Promise<number> {
  const folder = join(repoRoot, 'test-results', 'screens')
  mkdirSync(folder, { recursive: true })
  const harness = await startScreenHarness()
  const scenes = SCENES.filter((scene) => names.length === 0 || names.some((name) => scene.name.includes(name)))
  let pictures = 0
  try {
    for (const size of SIZES) {
      for (const colorScheme of ['dark', 'light'] as const) {
        const { page } = await harness.openPage({ ...size, colorScheme })
        await page.getByTestId('phase').waitFor()
        for (const scene of scenes) {
          const { name, snapshot } = scene
          await enactScene(page, harness.host, scene, asOfNow(snapshot))
          harness.host.backend.set({ version: '0.1.0' })
          await sleep(SETTLE_MS)
          if (snapshot.race !== null && snapshot.phase === 'racing') {
            for (let more = 1; more <= 7; more++) {
              harness.host.backend.set({ race: { ...snapshot.race, finds: snapshot.race.finds + more } })
              await sleep(SETTLE_MS / 4)
            }
          }
          await page.screenshot({ path: join(folder, `${name}-${size.name}-${colorScheme}.png`), fullPage: true })
          pictures++
        }
        if (names.length === 0 || names.includes('host-gone')) {
          await loseHost(page)
          await sleep(SETTLE_MS)
          await page.screenshot({ path: join(folder, `48-host-gone-${size.name}-${colorScheme}.png`), fullPage: true })
          pictures++
        }
        await page.context().close()
      }
    }
  } finally {
    await harness.stop()
  }
  return pictures
}

/** The scene's times, moved to the present, so that countdowns run. */
function asOfNow(snapshot: Scene['snapshot']): Scene['snapshot'] {
  const lateMs = Date.now() - SAMPLE_NOW_MS
  const epoch = snapshot.epoch === null ? null : { ...snapshot.epoch, lastBlockAtMs: Date.now() - 300 }
  const notices = snapshot.notices.map((notice) => ({ ...notice, atMs: notice.atMs + lateMs }))
  const troubles = snapshot.troubles.map((trouble) => ({ ...trouble, sinceMs: trouble.sinceMs + lateMs }))
  return { ...snapshot, nowMs: Date.now(), epoch, notices, troubles }
}

if (isMain(import.meta.url)) {
  console.log(`${await takePictures(process.argv.slice(2))} pictures in test-results/screens`)
}
