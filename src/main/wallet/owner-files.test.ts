import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { walletFolder } from '../../../test/support/wallet/test-vault.ts'
import { settleOwnerFiles } from './owner-files.ts'

const ADA = 'tail1ada'
const BOB = 'tail1bob'

function read(home: string, name: string): string | undefined {
  return existsSync(join(home, name)) ? readFileSync(join(home, name), 'utf8') : undefined
}

test('each owner finds its own files again, and no other', () => {
  const home = walletFolder()
  settleOwnerFiles(home, ADA)
  writeFileSync(join(home, 'work.sqlite'), 'receipts of ada')
  writeFileSync(join(home, 'work.sqlite-wal'), 'more of ada')
  settleOwnerFiles(home, BOB)
  expect(read(home, 'work.sqlite')).toBeUndefined()
  expect(read(home, 'work.sqlite-wal')).toBeUndefined()
  writeFileSync(join(home, 'work.sqlite'), 'receipts of bob')
  settleOwnerFiles(home, ADA)
  expect([read(home, 'work.sqlite'), read(home, 'work.sqlite-wal')]).toEqual(['receipts of ada', 'more of ada'])
  settleOwnerFiles(home, BOB)
  expect([read(home, 'work.sqlite'), read(home, 'work.sqlite-wal')]).toEqual(['receipts of bob', undefined])
})

test('a crash anywhere on the way changes nothing of that', () => {
  const owners = fc.array(fc.constantFrom(ADA, BOB, 'tail1cay'), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(owners, fc.nat(12), (sequence, dieAt) => {
      const home = walletFolder()
      let moves = 0
      const dying = (from: string, to: string): void => {
        moves += 1
        if (moves === dieAt) {
          throw new Error('the process died')
        }
        renameSync(from, to)
      }
      for (const owner of sequence) {
        try {
          settleOwnerFiles(home, owner, dying)
        } catch {
          // The next start goes on with the same wallet, or with another one.
          settleOwnerFiles(home, owner)
        }
        for (const name of ['work.sqlite', 'work.sqlite-wal']) {
          expect([undefined, owner]).toContain(read(home, name))
          writeFileSync(join(home, name), owner)
        }
      }
      const last = sequence.at(-1) ?? ADA
      for (const owner of new Set(sequence)) {
        settleOwnerFiles(home, owner)
        expect(read(home, 'work.sqlite')).toBe(owner)
      }
      settleOwnerFiles(home, last)
      expect(read(home, 'work.sqlite')).toBe(last)
    }),
    { numRuns: 25 },
  )
})
