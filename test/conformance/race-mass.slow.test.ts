/**
 * Random attempts in masses: the reference oracle against WebAssembly, and against the second implementation in Python as far as it comes.
 * WebGPU has its own masses, against WebAssembly: race-mass.browser.test.ts.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { toHex } from '../../src/lib/bytes.ts'
import { createWasmOracle } from '../../src/race/wasm-oracle.ts'
import { compareSubject } from '../support/race-conformance/compare.ts'
import { createOracleSubject, createTypescriptSubject } from '../support/race-conformance/oracle-subjects.ts'
import { createPythonSubject, findPython, RACE_PROGRAM } from '../support/race-conformance/python-subject.ts'
import { drawJobs } from '../support/race-conformance/workload.ts'

vi.setConfig({ testTimeout: 600_000 })

const PARTS_PROGRAM = fileURLToPath(new URL('../second-implementation/race_parts.py', import.meta.url))
const runSeed = crypto.getRandomValues(new Uint8Array(32))
const reference = createTypescriptSubject()
const python = findPython()

describe(`random attempts, run seed ${toHex(runSeed)}`, () => {
  it.each([
    ['dev', 10_000, 50],
    ['std', 20, 4],
  ] as const)('of %s, %i over %i seeds, are the same in WebAssembly', async (shape, attempts, seeds) => {
    const jobs = drawJobs(runSeed, shape, { attempts, seeds })
    const wasm = createOracleSubject('wasm', createWasmOracle)
    const result = await compareSubject(wasm, reference, { vectors: [], jobs, tracedJobs: shape === 'dev' ? seeds : 1 })
    expect(result.firstDifference).toBeUndefined()
    expect(result).toMatchObject({ attempts, seeds, differences: 0 })
  })

  it('of dev, 150 over 50 seeds, are the same in Python', async (context) => {
    if (python === undefined) {
      return context.skip('no python3 on this machine')
    }
    const subject = createPythonSubject(python)
    try {
      const jobs = drawJobs(runSeed, 'dev', { attempts: 150, seeds: 50 })
      const result = await compareSubject(subject, reference, { vectors: [], jobs, tracedJobs: 5 })
      expect(result.firstDifference).toBeUndefined()
      expect(result).toMatchObject({ attempts: 150, seeds: 50, differences: 0 })
    } finally {
      await subject.stop()
    }
  })
})

describe('the vector files', () => {
  it.for([
    ['race-dev.json', RACE_PROGRAM],
    ['race-parts.json', PARTS_PROGRAM],
  ] as const)('%s is what the second implementation computes', ([name, program], context) => {
    if (python === undefined) {
      return context.skip('no python3 on this machine')
    }
    const { status, stdout, stderr } = spawnSync(python, [program, '--check'], { encoding: 'utf8' })
    expect(`${stdout}${stderr}`).toContain(`${name}: `)
    expect(status).toBe(0)
  })
})

describe('the second implementation as a service', () => {
  it('that fails says why', async (context) => {
    if (python === undefined) {
      return context.skip('no python3 on this machine')
    }
    const subject = createPythonSubject(python)
    const job = { shape: 'dev', epochSeed: new Uint8Array(32), host: new Uint8Array(20), nonces: [2n ** 65n] } as const
    await expect(subject.digests(job)).rejects.toMatchObject({ code: 'second_implementation_failed' })
    await expect(subject.digests(job)).rejects.toMatchObject({ code: 'second_implementation_failed' })
    await subject.stop()
  })
})
