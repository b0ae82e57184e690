import { afterEach, describe, expect, it } from 'vitest'
import { PauseSwitch } from '../../test/support/failures/pause-switch.ts'
import { compareFinds } from '../../test/support/host-checks.ts'
import type { TestNetwork } from '../../test/support/host-network.ts'
import { createTestNetwork, TEST_PARAMS } from '../../test/support/host-network.ts'
import type { WorkWorld } from '../../test/support/work/work-world.ts'
import { createWorkWorld } from '../../test/support/work/work-world.ts'
import { createMemoryWorkStore } from '../../test/support/work-store.ts'
import { CodedError } from '../lib/coded-error.ts'
import { epochHeights } from '../protocol/params.ts'
import type { HostMemory, MemoryPort } from './ports.ts'
import type { WorkStore } from './work/ports.ts'

const first = epochHeights(TEST_PARAMS, 0)
const second = epochHeights(TEST_PARAMS, 1)
const WISH = { prompt: [1, 2, 3, 4], maxTokens: 6 }
let network: TestNetwork | undefined
let world: WorkWorld | undefined

afterEach(async () => {
  await network?.stop()
  await world?.stop()
  network = undefined
  world = undefined
})

/** Writes fail while the disk is full. */
class Disk {
  isFull = false

  write(): void {
    if (this.isFull) {
      throw new CodedError('store_full', 'no room')
    }
  }

  memory(): { readonly wrap: (port: MemoryPort) => MemoryPort; readonly written: () => HostMemory | undefined } {
    let written: HostMemory | undefined
    const wrap = (port: MemoryPort): MemoryPort => ({
      load: () => port.load(),
      save: async (memory) => {
        this.write()
        written = memory
        await port.save(memory)
      },
    })
    return { wrap, written: () => written }
  }

  store(): WorkStore {
    const store = createMemoryWorkStore()
    return new Proxy(store, {
      get: (target, name: keyof WorkStore) => {
        const method = target[name] as (...args: unknown[]) => Promise<unknown>
        const isWrite = /^(put|keep|note|forget|prune)/.test(name)
        return async (...args: unknown[]) => {
          if (isWrite) {
            this.write()
          }
          return method.apply(target, args)
        }
      },
    })
  }
}

describe('a pause', () => {
  it('ends the race within a block, keeps what was found, and goes on in the same race', async () => {
    const pause = new PauseSwitch()
    network = await createTestNetwork({ ada: { isGenesis: true, pause }, bob: { isGenesis: true } })
    await network.joinAll()
    const ada = network.host('ada')
    const attempts = () => ada.contributor.view().race?.attempts ?? 0
    pause.set('disk_full')
    await network.blocks(2)
    const before = attempts()
    await network.blocks(2)
    expect(attempts()).toBe(before)
    pause.set(undefined)
    await network.blocks(3)
    expect(attempts()).toBeGreaterThan(before)
    await network.until(first.raceEndHeight + 1)
    const { committed, real } = await compareFinds(ada, network, 0)
    expect(committed).toEqual(real)
  })

  it('over a whole race begins none, and the next one is raced', async () => {
    const pause = new PauseSwitch()
    network = await createTestNetwork({ ada: { isGenesis: true, pause }, bob: { isGenesis: true } })
    await network.joinAll()
    await network.until(first.raceEndHeight + 1)
    pause.set('disk_full')
    await network.until(second.raceEndHeight + 1)
    const ada = network.host('ada')
    expect(await ada.chain.finds(1n, ada.owner, new AbortController().signal)).toEqual([])
    // What was drawn for it before is answered all the same.
    expect(ada.contributor.view().duties.missed).toBe(0)
    pause.set(undefined)
    await network.until(second.raceEndHeight + TEST_PARAMS.epochLength)
    expect((await ada.chain.finds(2n, ada.owner, new AbortController().signal)).length).toBeGreaterThan(0)
  })

  it('takes no order and gives no word that could not be kept; then orders come again', async () => {
    const pause = new PauseSwitch()
    world = await createWorkWorld({ ada: { pause } })
    pause.set('disk_full')
    const refused = world.gateway.place(WISH)
    await world.blocks(2)
    expect(refused.frames).toEqual([])
    expect(refused.end).not.toBe('receipt')
    expect(world.host('ada').inference.begun).toEqual([])
    pause.set(undefined)
    const taken = world.gateway.place(WISH)
    await world.blocks(3)
    expect(taken.end).toBe('receipt')
  })
})

describe('a disk that fills up', () => {
  it('while an order runs: the order fails, is failed in the store when there is room, and the next one is served', async () => {
    const disk = new Disk()
    const store = disk.store()
    world = await createWorkWorld({ ada: { store, toy: { stepMs: 500 } } })
    const order = world.gateway.place({ ...WISH, maxTokens: 8 })
    await world.advance(1_000)
    expect(order.frames).toContain('accepted')
    disk.isFull = true
    await world.blocks(8)
    expect(order.end).not.toBe('receipt')
    disk.isFull = false
    await world.blocks(2)
    expect((await store.jobs(10)).map(({ state }) => state)).toEqual(['failed'])
    expect(
      world
        .host('ada')
        .work.view()
        .jobs.map(({ state }) => state),
    ).toEqual(['failed'])
    const next = world.gateway.place(WISH)
    await world.blocks(6)
    expect(next.end).toBe('receipt')
  })

  it('when the voucher comes: the receipt is not lost, the voucher is asked for again', async () => {
    const disk = new Disk()
    const store = disk.store()
    world = await createWorkWorld({ ada: { store } })
    const order = world.gateway.place({ ...WISH, conduct: 'voucher_lost' })
    await world.blocks(1)
    expect(order.end).toBe('receipt')
    disk.isFull = true
    await world.blocks(5)
    disk.isFull = false
    await world.until('the batch', () => world?.host('ada').work.view().jobs[0]?.state === 'batched', 40)
  })

  it('when leaving: the chain is told, and the memory says so as soon as it can', async () => {
    const disk = new Disk()
    const memory = disk.memory()
    network = await createTestNetwork({ ada: { isGenesis: true, wrapMemory: memory.wrap } })
    await network.joinAll()
    const ada = network.host('ada')
    disk.isFull = true
    const left = ada.contributor.leave()
    await network.blocks(3)
    await left
    expect(ada.contributor.view()).toMatchObject({ phase: 'idle', joined: false })
    expect(memory.written()).toMatchObject({ joined: true })
    disk.isFull = false
    await network.blocks(2)
    expect(memory.written()).toMatchObject({ joined: false })
    expect(memory.written()).not.toHaveProperty('leaving')
  })

  it('when joining: the host joins, and remembers it as soon as it can', async () => {
    const disk = new Disk()
    const memory = disk.memory()
    network = await createTestNetwork({ ada: { isGenesis: true, wrapMemory: memory.wrap } })
    disk.isFull = true
    await network.joinAll()
    expect(network.host('ada').contributor.view().joined).toBe(true)
    expect(memory.written()).toBeUndefined()
    disk.isFull = false
    await network.blocks(2)
    expect(memory.written()).toMatchObject({ joined: true })
  })
})
