import { expect, test } from 'vitest'
import { overlay } from './overlay.ts'

class Counter {
  #count = 0
  add(amount: number): number {
    this.#count += amount
    return this.#count
  }
  get count(): number {
    return this.#count
  }
}

test('replaces what is named; the rest works on the instance itself, private fields and getters too', () => {
  const counter = new Counter()
  const twice = overlay(counter, { add: (amount) => counter.add(2 * amount) })
  expect(twice.add(2)).toBe(4)
  expect(twice.count).toBe(4)
  expect(overlay(twice, {}).add(1)).toBe(6)
  expect(counter.count).toBe(6)
})
