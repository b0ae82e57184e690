import { expect, test } from 'vitest'
import { knownAnswers } from '../../race/known-answers.ts'
import { createRaceModel } from '../../race/model.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import { checkKnownAnswers } from '../race-gate.ts'
import { systemClock } from '../system-clock.ts'
import { openGpuContext } from './gpu-context.ts'
import { WebgpuSource } from './gpu-source.ts'
import { listTunings, tuningName } from './race-tuning.ts'
import { createOpfsTuningStore, TuningCache } from './tuning-cache.ts'

const MODEL = createRaceModel(RACE_SHAPES.dev, knownAnswers('dev').epochSeed)

test('a choice of kernels is made once, remembered in the file system of the origin, and conforms', async () => {
  const store = createOpfsTuningStore(navigator.storage)
  await store.write('{}')
  const source = new WebgpuSource(navigator.gpu, { tunings: new TuningCache(store), userAgent: navigator.userAgent })
  await source.tune('dev', systemClock, new AbortController().signal)
  const contents = (await store.read()) ?? ''
  const context = await openGpuContext(navigator.gpu)
  const names = context === undefined ? [] : listTunings(context, RACE_SHAPES.dev).map(tuningName)
  expect(names.filter((name) => contents.includes(name))).toHaveLength(1)
  context?.destroy()
  const backend = await source.createBackend(MODEL)
  await backend.start()
  expect((await checkKnownAnswers(backend, 'dev')).conformant).toBe(true)
  await backend.stop()
  source.close()
  // The next worker finds it: with a signal that is aborted it could not measure.
  const next = new WebgpuSource(navigator.gpu, { tunings: new TuningCache(store), userAgent: navigator.userAgent })
  await next.tune('dev', systemClock, AbortSignal.abort())
  next.close()
  const another = new WebgpuSource(navigator.gpu, { tunings: new TuningCache(store), userAgent: 'another browser' })
  await expect(another.tune('dev', systemClock, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  another.close()
})
