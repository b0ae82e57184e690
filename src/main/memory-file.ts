/** What a host remembers over a restart (host/ports.ts: MemoryPort), in one private file. */
import { join } from 'node:path'
import { z } from 'zod'
import type { HostMemory, MemoryPort } from '../host/ports.ts'
import { readPrivateJson, writePrivateJson } from './private-file.ts'

const MEMORY_FILE = z.strictObject({
  version: z.literal(1),
  joined: z.boolean(),
  leaving: z.literal(true).optional(),
  race: z.strictObject({ epoch: z.int().nonnegative(), nextNonce: z.string().regex(/^[0-9]{1,20}$/) }).optional(),
})

export interface MemoryFileOptions {
  /** Without it, a host that had joined begins as one that has not; its race and its work are remembered all the same. */
  readonly resume: boolean
  /** Hears of each failed write, beside whoever asked. */
  readonly onFault?: (error: unknown) => void
}

export function createMemoryFile(home: string, options: MemoryFileOptions = { resume: true }): MemoryPort {
  const file = join(home, 'memory.json')
  return {
    async load() {
      const stored = readPrivateJson(file, MEMORY_FILE)
      if (stored === undefined) {
        return { joined: false }
      }
      const race = stored.race && { epoch: stored.race.epoch, nextNonce: BigInt(stored.race.nextNonce) }
      return {
        joined: stored.joined && options.resume,
        ...(stored.leaving && { leaving: stored.leaving }),
        ...(race && { race }),
      }
    },
    async save(memory: HostMemory) {
      const race = memory.race && { epoch: memory.race.epoch, nextNonce: memory.race.nextNonce.toString() }
      const { joined, leaving } = memory
      try {
        writePrivateJson(file, { version: 1, joined, ...(leaving && { leaving }), ...(race && { race }) })
      } catch (error) {
        options.onFault?.(error)
        throw error
      }
    },
  }
}
