/** All scenes of the screen: for pictures and for tests that need one of them. */
import { BUILD_SCENES } from './build-scenes.ts'
import { RACE_SCENES } from './race-scenes.ts'
import type { Scene } from './scene.ts'
import { WHY_SCENES } from './why-scenes.ts'
import { WORK_SCENES } from './work-scenes.ts'

export const SCENES: readonly Scene[] = [...RACE_SCENES, ...WORK_SCENES, ...BUILD_SCENES, ...WHY_SCENES]
