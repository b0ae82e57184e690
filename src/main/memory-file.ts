/** What a host remembers over a restart (host/ports.ts: MemoryPort), in one private file. */
import { join } from 'node:path'
import { z } from 'zod'
import type { HostMemory, MemoryPort } from '../host/ports.ts'
import { readPrivateJson, writePrivateJson } from './private-file.ts'

const MEMORY_FILE = z.strictObject({
  version: z.literal(1),
  joined: z.boolean(),
  race: z
    .strictObject({ epoch: z.int().nonnegative(), nextNonce: z.string().regex(/^[0-9]{1,20}$/) })
    .optional(),
})

export function createMemoryFile(home: string): MemoryPort {
  const file = join(home, 'memory.json')
  return {
    async load() {
      const stored = readPrivateJson(file, MEMORY_FILE)
      if (stored === undefined) {
        return { joined: false }
      }
      return stored.race === undefined
        ? { joined: stored.joined }
        : { joined: stored.joined, race: { epoch: stored.race.epoch, nextNonce: BigInt(stored.race.nextNonce) } }
    },
    async save(memory: HostMemory) {
      const race = memory.race && { epoch: memory.race.epoch, nextNonce: memory.race.nextNonce.toString() }
      writePrivateJson(file, { version: 1, joined: memory.joined, ...(race === undefined ? {} : { race }) })
    },
  }
}
