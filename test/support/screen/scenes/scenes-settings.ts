/** The page “settings” in its states. */
import type { ScreenSnapshot } from '../../../../src/ipc/snapshot.ts'
import type { Scene } from '../scene.ts'
import { GATEWAY } from './build-scenes.ts'
import { CREDITED } from './race-scenes.ts'
import { WORK } from './work-scenes.ts'

const READY: ScreenSnapshot = { ...CREDITED, work: WORK, gateway: GATEWAY }
const { settings } = READY

const DESKTOP: ScreenSnapshot = {
  ...READY,
  shell: 'desktop',
  update: { version: '0.2.0', state: 'downloaded' },
  settings: {
    ...settings,
    unavailable: [],
    values: { ...settings.values, dutyPpm: 400_000, screenPort: 0, models: [], logLevel: 'debug' },
    sources: { ...settings.sources, dutyPpm: 'file', models: 'environment', screenPort: 'file', autostart: 'flag' },
    atNextStart: ['screenPort'],
  },
}

export const SETTINGS_SCENES: readonly Scene[] = [
  { name: '80-settings', page: 'settings', snapshot: READY },
  { name: '81-settings-desktop', page: 'settings', snapshot: DESKTOP },
  {
    name: '82-settings-saved',
    page: 'settings',
    snapshot: READY,
    act: {
      kind: 'do',
      run: async (page) => {
        await page.getByLabel('When there is a newer version').click()
        await page.getByTestId('undo').waitFor()
      },
    },
  },
]
