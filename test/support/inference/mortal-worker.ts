/** The inference worker of Node, whose first life ends at its first message; a file in the models folder remembers that. */
import { existsSync, writeFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

const marker = `${(workerData as { modelsFolder: string }).modelsFolder}/.died`
if (existsSync(marker)) {
  await import('../../../src/worker/inference-entry-node.ts')
} else {
  writeFileSync(marker, '')
  parentPort?.on('message', () => process.exit(7))
}
