import { describe, expect, it } from 'vitest'
import { createMemoryKeeper } from './memory-keeper.ts'
import type { HostMemory } from './ports.ts'

describe('the memory keeper', () => {
  it('writes one value after the other, the newest last, also after a failed write', async () => {
    const saved: HostMemory[] = []
    let isFull = true
    const keeper = createMemoryKeeper({
      load: async () => ({ joined: true }),
      save: async (memory) => {
        await Promise.resolve()
        if (isFull) {
          isFull = false
          throw new Error('disk full')
        }
        saved.push(memory)
      },
    })
    expect(await keeper.load()).toEqual({ joined: true })
    const failing = keeper.update((memory) => ({ ...memory, race: { epoch: 1, nextNonce: 5n } }))
    const next = keeper.update((memory) => ({ ...memory, joined: false }))
    await expect(failing).rejects.toThrow('disk full')
    await next
    expect(saved.at(-1)).toEqual({ joined: false, race: { epoch: 1, nextNonce: 5n } })
    expect(keeper.current()).toEqual(saved.at(-1))
  })
})
