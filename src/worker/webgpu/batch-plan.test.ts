import { describe, expect, test } from 'vitest'
import { RACE_SHAPES } from '../../race/shapes.ts'
import { planBatch, TENSORS } from './batch-plan.ts'

const MIB = 1 << 20
/** WebGPU's default, which every device gives. */
const maxComputeWorkgroupsPerDimension = 65_535

function limitsOf(bytes: number): Parameters<typeof planBatch>[0] {
  return { maxBufferSize: bytes, maxStorageBufferBindingSize: bytes, maxComputeWorkgroupsPerDimension }
}

describe('a batch planned from limits', () => {
  for (const shape of Object.values(RACE_SHAPES)) {
    for (const mib of [128, 256, 1024, 2048, 4095]) {
      test(`${shape.name} with buffers of ${mib} MiB: every buffer fits, and one attempt more would break a rule`, () => {
        const plan = planBatch(limitsOf(mib * MIB), shape)
        expect(plan).toBeDefined()
        const { maxAttempts = 0, bytesOf, totalBytes = 0 } = plan ?? {}
        for (const tensor of TENSORS) {
          expect(bytesOf?.[tensor]).toBeGreaterThan(0)
          expect(bytesOf?.[tensor]).toBeLessThanOrEqual(mib * MIB)
          expect((bytesOf?.[tensor] ?? 0) % (maxAttempts * shape.positions)).toBe(0)
        }
        expect(totalBytes).toBeLessThanOrEqual(192 * MIB + shape.weightBytes)
        expect(maxAttempts * shape.positions).toBeLessThanOrEqual(2 * maxComputeWorkgroupsPerDimension)
        const isFull =
          maxAttempts === 4096 || ((maxAttempts + 1) * (totalBytes - shape.weightBytes)) / maxAttempts > 192 * MIB
        expect(isFull).toBe(true)
      })
    }
  }

  test('is smaller where buffers, bindings or dispatches are', () => {
    const { std } = RACE_SHAPES
    const most = planBatch(limitsOf(1024 * MIB), std)?.maxAttempts ?? 0
    expect(planBatch(limitsOf(24 * MIB), std)?.maxAttempts).toBe(512)
    const binding = { ...limitsOf(1024 * MIB), maxStorageBufferBindingSize: 24 * MIB }
    expect(planBatch(binding, std)?.maxAttempts).toBe(512)
    const dispatches = { ...limitsOf(1024 * MIB), maxComputeWorkgroupsPerDimension: 1024 }
    expect(planBatch(dispatches, std)?.maxAttempts).toBe(64)
    expect(most).toBeGreaterThan(512)
    expect(planBatch(limitsOf(1024 * MIB), std, 37)?.maxAttempts).toBe(37)
  })

  test('is none where the weights do not fit, or no attempt is wanted', () => {
    expect(planBatch(limitsOf(15 * MIB), RACE_SHAPES.std)).toBeUndefined()
    expect(planBatch(limitsOf(1024 * MIB), RACE_SHAPES.std, 0)).toBeUndefined()
  })
})
