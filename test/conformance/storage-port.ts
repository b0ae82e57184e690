import { describe, expect, test } from 'vitest'
import { CodedError } from '../../src/lib/coded-error.ts'
import { MANIFEST_LIMITS } from '../../src/models/manifest.ts'
import type { StoragePort } from '../../src/models/ports.ts'

const HASH = 'ab'.repeat(32)
const OTHER = `${'ab'.repeat(31)}cd`
const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) % 251)

/** What every place for chunks must do, run by the tests of each. `create` gives an empty one. */
export function describeStoragePort(name: string, create: () => Promise<StoragePort>): void {
  describe(`${name} as a storage of chunks`, () => {
    test('gives back what was written, and nothing where nothing was', async () => {
      const storage = await create()
      expect(await storage.exists(HASH)).toBe(false)
      expect(await storage.read(HASH)).toBeUndefined()
      await storage.write(HASH, bytes)
      expect(await storage.exists(HASH)).toBe(true)
      expect(await storage.exists(OTHER)).toBe(false)
      expect(await storage.read(HASH)).toEqual(bytes)
      await storage.write(OTHER, bytes.subarray(5, 10))
      expect(await storage.read(OTHER)).toEqual(bytes.slice(5, 10))
      expect(await storage.read(HASH)).toEqual(bytes)
    })

    test('replaces, also by something shorter', async () => {
      const storage = await create()
      await storage.write(HASH, bytes)
      await storage.write(HASH, bytes.subarray(0, 3))
      expect(await storage.read(HASH)).toEqual(bytes.slice(0, 3))
    })

    test('removes, and does not mind where there is nothing', async () => {
      const storage = await create()
      await storage.remove(HASH)
      await storage.write(HASH, bytes)
      await storage.remove(HASH)
      expect(await storage.exists(HASH)).toBe(false)
      expect(await storage.read(HASH)).toBeUndefined()
    })

    test('takes the largest chunk', async () => {
      const storage = await create()
      const large = new Uint8Array(MANIFEST_LIMITS.maxChunkBytes)
      large[large.length - 1] = 9
      await storage.write(HASH, large)
      const read = await storage.read(HASH)
      expect(read?.length).toBe(large.length)
      expect(read?.at(-1)).toBe(9)
    })

    test('writes and reads of one chunk at the same time end well', async () => {
      const storage = await create()
      await Promise.all([1, 2, 3, 4].map(() => storage.write(HASH, bytes)))
      const read = await Promise.all([1, 2, 3, 4].map(() => storage.read(HASH)))
      expect(read).toEqual([bytes, bytes, bytes, bytes])
    })
  })
}

/** The same for those that keep chunks under names of their own: only a hash is a name. */
export function describeChunkNames(name: string, create: () => Promise<StoragePort>): void {
  test.each(['', 'x', '../../../etc/passwd', `${'ab'.repeat(31)}/x`, 'AB'.repeat(32), `${HASH}0`, `${HASH}\n`])(
    `${name} refuses %j as a name`,
    async (hash) => {
      const storage = await create()
      const works = [
        () => storage.exists(hash),
        () => storage.read(hash),
        () => storage.write(hash, bytes),
        () => storage.remove(hash),
      ]
      for (const work of works) {
        await expect(work()).rejects.toThrow(CodedError)
      }
    },
  )
}
