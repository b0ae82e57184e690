import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { diskOf } from './disk.ts'

test('the room of a folder that was never used is known, and a tried write leaves nothing', async () => {
  const folder = join(tempTree({}), 'new', 'home')
  const disk = diskOf(folder)
  expect(await disk.freeBytes()).toBeGreaterThan(0)
  await disk.tryWrite()
  expect(existsSync(join(folder, 'room'))).toBe(false)
})
