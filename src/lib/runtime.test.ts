import { expect, test } from 'vitest'
import type { AbortSignalLike } from './runtime.ts'
import { SILENT_LOGGER } from './runtime.ts'

test('the silent logger takes every level, and its children are silent too', () => {
  const child = SILENT_LOGGER.child('scope')
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    expect(child.log(level, 'message', { number: 1n, nothing: undefined })).toBeUndefined()
  }
  expect(child.child('deeper')).toBe(SILENT_LOGGER)
})

test('a real AbortSignal is an AbortSignalLike', () => {
  const controller = new AbortController()
  const signal: AbortSignalLike = controller.signal
  let aborted = 0
  const listener = (): void => {
    aborted += 1
  }
  signal.addEventListener('abort', listener, { once: true })
  controller.abort('why')
  expect(aborted).toBe(1)
  expect(signal.aborted).toBe(true)
  expect(signal.reason).toBe('why')
})
