import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { tempTree } from '../../test/support/temp-tree.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import { SqliteFile } from './sqlite-file.ts'

const SCHEMA = 'CREATE TABLE notes (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT'
const BODY = new Uint8Array(100_000)

function open(onFault?: (error: unknown) => void): SqliteFile {
  const path = join(tempTree({}), 'file.sqlite')
  const file = new SqliteFile(path, { version: 1, schema: SCHEMA, ...(onFault && { onFault }) })
  onTestFinished(() => file.close())
  return file
}

/** As many pages as there are: every row more is one too many, as on a full disk. */
function fill(file: SqliteFile): void {
  file.get('PRAGMA max_page_count = 8')
}

function codeOf(action: () => unknown): string {
  try {
    action()
    return 'nothing thrown'
  } catch (error) {
    return errorCode(error)
  }
}

test('a full disk is store_full, told to the one place that watches, and what was there stays', () => {
  const faults: string[] = []
  const file = open((error) => faults.push(errorCode(error)))
  file.transaction(() => file.run('INSERT INTO notes (body) VALUES (?)', Uint8Array.of(1)))
  fill(file)
  const insert = () => file.transaction(() => file.run('INSERT INTO notes (body) VALUES (?)', BODY))
  expect(codeOf(insert)).toBe('store_full')
  expect(codeOf(insert)).toBe('store_full')
  expect(faults).toEqual(['store_full', 'store_full'])
  expect(file.all('SELECT body FROM notes')).toHaveLength(1)
})

test('a file that was full takes the next transaction when there is room', () => {
  const file = open()
  fill(file)
  const insert = () => file.transaction(() => file.run('INSERT INTO notes (body) VALUES (?)', BODY))
  expect(codeOf(insert)).toBe('store_full')
  file.get('PRAGMA max_page_count = 1000')
  insert()
  expect(file.all('SELECT id FROM notes')).toHaveLength(1)
})

test('what an action throws is told as it is, and nothing of it stays', () => {
  const file = open()
  const action = () => {
    file.run('INSERT INTO notes (body) VALUES (?)', Uint8Array.of(1))
    throw new CodedError('changed_mind', 'no')
  }
  expect(codeOf(() => file.transaction(action))).toBe('changed_mind')
  expect(file.all('SELECT id FROM notes')).toEqual([])
})
