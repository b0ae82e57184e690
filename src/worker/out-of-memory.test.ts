import { expect, test } from 'vitest'
import { isOutOfMemory } from './out-of-memory.ts'

/** What this engine says where there is no memory. */
function realFailure(allocate: () => unknown): unknown {
  try {
    return allocate()
  } catch (error) {
    return error
  }
}

test('what the platform really throws is known', () => {
  expect(isOutOfMemory(realFailure(() => new ArrayBuffer(Number.MAX_SAFE_INTEGER)))).toBe(true)
})

test.each([
  [new Error('failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc'), true],
  [{ name: 'GPUOutOfMemoryError', message: '' }, true],
  [{ [Symbol.toStringTag]: 'GPUOutOfMemoryError', message: '' }, true],
  [{ [Symbol.toStringTag]: 'GPUValidationError', message: '' }, false],
  [new RangeError('Invalid typed array length: -1'), false],
  [new Error('inputs do not fit'), false],
  ['Out of memory', false],
  [undefined, false],
  [null, false],
])('%s → %s', (error, expected) => {
  expect(isOutOfMemory(error)).toBe(expected)
})
