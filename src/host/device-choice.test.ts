import { describe, expect, it } from 'vitest'
import type { BackendReport } from '../protocol/compute.ts'
import { chooseBackend } from './device-choice.ts'

const CPU: BackendReport = {
  kind: 'cpu',
  adapter: 'cpu',
  isSoftware: true,
  conformant: true,
  conformanceDigest: new Uint8Array(32),
  attemptsPerSecond: 500,
}
const GPU: BackendReport = { ...CPU, kind: 'webgpu', adapter: 'gpu', isSoftware: false, attemptsPerSecond: 9_000 }
const BROKEN: BackendReport = { ...GPU, conformant: false, firstDifference: 'layer1.norm' }
const STRICT = { allowSoftwareAdapter: false }
const LENIENT = { allowSoftwareAdapter: true }

describe('chooseBackend', () => {
  it.each([
    ['a conformant GPU', [CPU, GPU], STRICT, 'webgpu', 'webgpu'],
    ['no adapter', [CPU], STRICT, 'cpu', 'no_adapter'],
    ['a software adapter', [{ ...GPU, isSoftware: true }, CPU], STRICT, 'cpu', 'software_adapter'],
    ['a software adapter, allowed', [{ ...GPU, isSoftware: true }, CPU], LENIENT, 'webgpu', 'webgpu'],
    ['a GPU that differs', [BROKEN, CPU], STRICT, 'cpu', 'not_conformant:layer1.norm'],
    [
      'a software GPU that differs',
      [{ ...BROKEN, isSoftware: true }, CPU],
      LENIENT,
      'cpu',
      'not_conformant:layer1.norm',
    ],
  ] as const)('with %s', (_name, backends, options, kind, reason) => {
    expect(chooseBackend({ backends }, options)).toMatchObject({ kind, reason, report: { kind } })
  })

  it('chooses nothing where nothing conforms', () => {
    expect(chooseBackend({ backends: [BROKEN, { ...CPU, conformant: false }] }, STRICT)).toBeUndefined()
    expect(chooseBackend({ backends: [] }, STRICT)).toBeUndefined()
  })
})
