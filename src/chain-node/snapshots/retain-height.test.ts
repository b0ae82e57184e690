import { describe, expect, it } from 'vitest'
import { retainHeight } from './retain-height.ts'

describe('the first block that is kept', () => {
  it('is the first of all unless the operator says otherwise', () => {
    expect(retainHeight(1_000_000n, 0, 900_000n)).toBe(0n)
  })

  it('leaves what the operator asks for', () => {
    expect(retainHeight(1_000_000n, 200_000, undefined)).toBe(800_001n)
    expect(retainHeight(1_000_000n, 200_000, 900_000n)).toBe(800_001n)
    expect(retainHeight(100_000n, 200_000, undefined)).toBe(0n)
  })

  it('leaves what evidence and the oldest snapshot need, whatever the operator asks for', () => {
    expect(retainHeight(1_000_000n, 10, undefined)).toBe(900_001n)
    expect(retainHeight(1_000_000n, 10, 850_000n)).toBe(850_000n)
  })
})
