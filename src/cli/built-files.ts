/** Where the build puts what this program runs beside itself: dist/node/*.js, dist/screen; models lie beside dist. */
import { fileURLToPath } from 'node:url'

/** By name: this module may stand in any chunk. */
export const PROGRAM_FILE: string = fileURLToPath(new URL('./tailrace.js', import.meta.url))
export const WORKER_FILE: URL = new URL('./compute-worker.js', import.meta.url)
export const SCREEN_FOLDER: string = fileURLToPath(new URL('../screen', import.meta.url))
export const INFERENCE_WORKER_FILE: URL = new URL('./inference-worker.js', import.meta.url)
export const BUILT_IN_MODELS_FOLDER: string = fileURLToPath(new URL('../../models', import.meta.url))
