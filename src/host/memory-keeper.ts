import type { HostMemory, MemoryPort } from './ports.ts'

/** What a host remembers, in memory and on disk: one write after the other, the newest value wins. */
export interface MemoryKeeper {
  load(): Promise<HostMemory>
  current(): HostMemory
  /** In memory at once; resolves when it is on disk too, rejects where it could not be written: then `save` tries again. */
  update(change: (memory: HostMemory) => HostMemory): Promise<void>
  /** Whether the disk has something older than the memory. */
  isUnsaved(): boolean
  save(): Promise<void>
}

const NOTHING: HostMemory = { joined: false }

export function createMemoryKeeper(port: MemoryPort): MemoryKeeper {
  let memory: HostMemory = NOTHING
  let lastWrite: Promise<void> = Promise.resolve()
  let saved: HostMemory = NOTHING

  async function write(): Promise<void> {
    const newest = memory
    await port.save(newest)
    saved = newest
  }

  function save(): Promise<void> {
    // A failed write is the caller's to report; the next one is tried all the same.
    const done = lastWrite.then(write, write)
    lastWrite = done
    return done
  }

  return {
    async load() {
      memory = await port.load()
      saved = memory
      return memory
    },
    current: () => memory,
    update(change) {
      memory = change(memory)
      return save()
    },
    isUnsaved: () => memory !== saved,
    save,
  }
}
