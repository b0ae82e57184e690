/** Where the build puts what this program runs beside itself: dist/node/tailrace.js, dist/node/compute-worker.js, dist/screen. */
import { fileURLToPath } from 'node:url'

export const PROGRAM_FILE: string = fileURLToPath(import.meta.url)
export const WORKER_FILE: URL = new URL('./compute-worker.js', import.meta.url)
export const SCREEN_FOLDER: string = fileURLToPath(new URL('../screen', import.meta.url))
