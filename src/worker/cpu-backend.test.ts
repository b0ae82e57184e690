import { readFileSync } from 'node:fs'
import { describeRaceBackend } from '../../test/conformance/race-backend.ts'
import { CpuBackend } from './cpu-backend.ts'

const vectorText = (shape: string): string =>
  readFileSync(new URL(`../../test/vectors/race-${shape}.json`, import.meta.url), 'utf8')

describeRaceBackend({
  name: 'the CPU oracle',
  createBackend: async (model) => new CpuBackend(model),
  vectors: { dev: vectorText('dev'), std: vectorText('std') },
  randomAttempts: 50,
})
