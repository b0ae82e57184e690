import { writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { tempTree } from '../../test/support/temp-tree.ts'
import type { TxResult } from '../chain/application.ts'
import { u32be, utf8 } from '../lib/bytes.ts'
import { errorCode } from '../lib/coded-error.ts'
import { sha256 } from '../protocol/hash.ts'
import type { CommittedBlock } from './block.ts'
import { hashTx } from './block.ts'
import type { BlockStore } from './block-store.ts'
import { openBlockStore } from './block-store.ts'
import type { TxSearch } from './tx-search.ts'

const IDENTITY = { chainId: 'test-1', genesisHash: sha256(utf8('genesis')) }

function open(path: string): BlockStore {
  const store = openBlockStore(path, IDENTITY)
  onTestFinished(() => store.close())
  return store
}

function result(attributes: Record<string, string>): TxResult {
  const events = Object.entries(attributes).map(([name, value]) => {
    const [type = '', key = ''] = name.split('.')
    return { type, attributes: [{ key, value }] }
  })
  return { code: 0, codespace: '', log: 'ok', data: utf8('data'), gasWanted: 7n, gasUsed: 2n ** 60n, events }
}

function block(height: number, results: readonly TxResult[]): CommittedBlock {
  const header = {
    chainId: 'test-1',
    height,
    timeMs: 1_000 * height,
    lastBlockHash: sha256(u32be(height - 1)),
    dataHash: sha256(utf8('data')),
    appHash: sha256(utf8(`app ${height - 1}`)),
    lastResultsHash: sha256(utf8('results')),
    validatorsHash: sha256(utf8('validators')),
    proposer: sha256(utf8('proposer')).slice(0, 20),
  }
  const txs = results.map((_, index) => utf8(`tx ${height}/${index}`))
  const events = [{ type: 'settle', attributes: [{ key: 'epoch', value: '1' }] }]
  return { header, hash: sha256(u32be(height)), txs, results, events, appHash: sha256(utf8(`app ${height}`)) }
}

function put(key: string, value: string) {
  return { key: utf8(key), value: utf8(value) }
}

test('what was committed is there after opening again', () => {
  const path = `${tempTree({})}/chain.db`
  const first = open(path)
  expect(first.height()).toBe(0)
  expect(first.appHash()).toBeUndefined()
  first.commitGenesis(sha256(utf8('genesis state')), [put('a', '0'), put('z', '0')])
  expect(first.appHash()).toEqual(sha256(utf8('genesis state')))
  const one = block(1, [result({ 'message.sender': 'alice' })])
  const two = block(2, [])
  first.commitBlock(one, [put('a', '1'), put('b', '1')])
  first.commitBlock(two, [{ key: utf8('z'), value: undefined }, put('b', '2')])
  first.close()

  const second = open(path)
  expect(second.height()).toBe(2)
  expect(second.appHash()).toEqual(two.appHash)
  expect(second.block(1)).toEqual(one)
  expect(second.block(2)).toEqual(two)
  expect(second.block(3)).toBeUndefined()
  expect([...second.stateEntries()]).toEqual([
    [utf8('a'), utf8('1')],
    [utf8('b'), utf8('2')],
  ])
  expect(second.tx(hashTx(utf8('tx 1/0')))).toMatchObject({ height: 1, index: 0, tx: utf8('tx 1/0') })
  expect(second.blockMetas(1, 9, 20).map((meta) => meta.header.height)).toEqual([2, 1])
})

test('a block that cannot be written whole leaves nothing behind', () => {
  const store = open(`${tempTree({})}/chain.db`)
  store.commitGenesis(sha256(utf8('genesis state')), [put('a', '0')])
  const broken = { key: utf8('b'), value: 'no bytes' as unknown as Uint8Array }
  const impossible = { key: undefined as unknown as Uint8Array, value: utf8('1') }
  expect(codeOf(() => store.commitBlock(block(1, [result({})]), [put('a', '1'), broken, impossible]))).toBe(
    'store_failed',
  )
  expect(store.height()).toBe(0)
  expect(store.tx(hashTx(utf8('tx 1/0')))).toBeUndefined()
  expect([...store.stateEntries()]).toEqual([[utf8('a'), utf8('0')]])
  store.commitBlock(block(1, [result({})]), [put('a', '1')])
  expect(codeOf(() => store.commitBlock(block(1, []), [put('a', '2')]))).toBe('store_failed')
  expect([...store.stateEntries()]).toEqual([[utf8('a'), utf8('1')]])
})

test('one writer: a second opening is refused while the first is open', () => {
  const path = `${tempTree({})}/chain.db`
  const first = open(path)
  expect(codeOf(() => openBlockStore(path, IDENTITY))).toBe('store_in_use')
  first.close()
  open(path)
})

test('a store of another genesis, another schema, or no store at all is refused', () => {
  const folder = tempTree({})
  open(`${folder}/a.db`).close()
  const other = { ...IDENTITY, genesisHash: sha256(utf8('other')) }
  expect(codeOf(() => openBlockStore(`${folder}/a.db`, other))).toBe('genesis_mismatch')
  const raw = new DatabaseSync(`${folder}/a.db`)
  raw.exec("UPDATE meta SET value = 999 WHERE key = 'schema_version'")
  raw.close()
  expect(codeOf(() => openBlockStore(`${folder}/a.db`, IDENTITY))).toBe('store_version')
  writeFileSync(`${folder}/b.db`, 'this is no database, and long enough to be looked at'.repeat(100))
  expect(codeOf(() => openBlockStore(`${folder}/b.db`, IDENTITY))).toBe('store_damaged')
  expect(codeOf(() => openBlockStore(`${folder}/absent/c.db`, IDENTITY))).toBe('store_failed')
})

test('search: by hash, by height, by attributes that must all hold, in pages, both ways', () => {
  const store = open(`${tempTree({})}/chain.db`)
  store.commitGenesis(sha256(utf8('genesis state')), [])
  for (let height = 1; height <= 6; height++) {
    const sender = height % 2 === 0 ? 'alice' : 'bob'
    const results = [
      result({ 'message.sender': sender, 'message.action': 'send' }),
      result({ 'message.sender': 'carol', 'message.action': height === 4 ? 'send' : 'vote' }),
    ]
    store.commitBlock(block(height, results), [])
  }
  const all: TxSearch = {
    minHeight: 1,
    maxHeight: 1_000,
    attributes: [],
    descending: false,
    offset: 0,
    limit: 100,
  }
  const find = (search: Partial<TxSearch>) => {
    const { positions, total } = store.search({ ...all, ...search })
    return { at: positions.map(({ height, index }) => `${height}/${index}`), total }
  }
  const sender = (value: string) => ({ key: 'message.sender', value })
  const send = { key: 'message.action', value: 'send' }
  expect(find({}).total).toBe(12)
  expect(find({ hash: hashTx(utf8('tx 3/1')) })).toEqual({ at: ['3/1'], total: 1 })
  expect(find({ hash: hashTx(utf8('tx 9/1')) })).toEqual({ at: [], total: 0 })
  expect(find({ minHeight: 2, maxHeight: 3 }).at).toEqual(['2/0', '2/1', '3/0', '3/1'])
  expect(find({ attributes: [sender('alice')] }).at).toEqual(['2/0', '4/0', '6/0'])
  expect(find({ attributes: [sender('alice')], descending: true, limit: 2 })).toEqual({ at: ['6/0', '4/0'], total: 3 })
  expect(find({ attributes: [sender('alice')], offset: 2, limit: 2 })).toEqual({ at: ['6/0'], total: 3 })
  expect(find({ attributes: [sender('carol'), send] }).at).toEqual(['4/1'])
  expect(find({ attributes: [send, sender('carol')], minHeight: 5 }).at).toEqual([])
  expect(find({ attributes: [sender("' OR 1=1 --")] }).at).toEqual([])
})

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    return errorCode(error)
  }
  return 'nothing thrown'
}
