import type { HostMemory, MemoryPort } from './ports.ts'

/** What a host remembers, in memory and on disk: one write after the other, the newest value wins. */
export interface MemoryKeeper {
  load(): Promise<HostMemory>
  current(): HostMemory
  update(change: (memory: HostMemory) => HostMemory): Promise<void>
}

const NOTHING: HostMemory = { joined: false }

export function createMemoryKeeper(port: MemoryPort): MemoryKeeper {
  let memory: HostMemory = NOTHING
  let lastWrite: Promise<void> = Promise.resolve()
  return {
    async load() {
      memory = await port.load()
      return memory
    },
    current: () => memory,
    update(change) {
      memory = change(memory)
      // A failed write is the caller's to report; the next one is tried all the same.
      const write = lastWrite.then(
        () => port.save(memory),
        () => port.save(memory),
      )
      lastWrite = write
      return write
    },
  }
}
