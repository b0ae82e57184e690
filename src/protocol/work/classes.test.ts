import { expect, test } from 'vitest'
import { isNumericClass, NUMERIC_CLASSES } from './classes.ts'

test('only what has limits is a class', () => {
  expect(Object.keys(NUMERIC_CLASSES).every(isNumericClass)).toBe(true)
  for (const name of ['', 'fp16-webgpu', 'toString', '__proto__', 'FP32-WASM']) {
    expect(isNumericClass(name)).toBe(false)
  }
})

test('what is counted comes before what fails', () => {
  for (const { hardMargin, softMargin } of Object.values(NUMERIC_CLASSES)) {
    expect(softMargin).toBeGreaterThan(0)
    expect(hardMargin).toBeGreaterThan(softMargin)
  }
})
