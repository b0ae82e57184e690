/** All scenes of the screen: for pictures and for tests that need one of them. */

import type { Scene } from './scene.ts'
import { BUILD_SCENES } from './scenes/build-scenes.ts'
import { RACE_SCENES } from './scenes/race-scenes.ts'
import { DEVICE_SCENES } from './scenes/scenes-device.ts'
import { EARNINGS_SCENES } from './scenes/scenes-earnings.ts'
import { HOME_SCENES } from './scenes/scenes-home.ts'
import { LOGS_SCENES } from './scenes/scenes-logs.ts'
import { NETWORK_SCENES } from './scenes/scenes-network.ts'
import { SETTINGS_SCENES } from './scenes/scenes-settings.ts'
import { WALLET_SCENES } from './scenes/scenes-wallet.ts'
import { WHY_SCENES } from './scenes/why-scenes.ts'
import { WORK_SCENES } from './scenes/work-scenes.ts'

export const SCENES: readonly Scene[] = [
  ...RACE_SCENES,
  ...HOME_SCENES,
  ...WORK_SCENES,
  ...BUILD_SCENES,
  ...WHY_SCENES,
  ...EARNINGS_SCENES,
  ...NETWORK_SCENES,
  ...DEVICE_SCENES,
  ...WALLET_SCENES,
  ...SETTINGS_SCENES,
  ...LOGS_SCENES,
]
