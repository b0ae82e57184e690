import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLocalGenesis } from '../../chain-node/local-genesis.ts'
import { genesisValidatorOf } from '../../chain-node/validator-key.ts'
import { errorCode } from '../../lib/coded-error.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import { SYSTEM_RNG } from '../system.ts'
import { initNodeHome, openIdentity, prepareNodeHome } from './comet-home.ts'
import { defaultNodeSettings } from './node-settings.ts'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tailrace-node-'))
})

afterEach(() => {
  rmSync(home, { recursive: true, force: true })
})

function genesisOf(chainId: string): Genesis {
  const { validatorKey, account } = openIdentity(home, SYSTEM_RNG)
  return createLocalGenesis({
    timeMs: 1_700_000_000_000,
    chainId,
    validators: [genesisValidatorOf(validatorKey, 1n)],
    developer: { address: account.address },
    hosts: [],
  })
}

function init(chainId = 'tailrace-test-1'): ReturnType<typeof initNodeHome> {
  return initNodeHome(home, SYSTEM_RNG, { settings: defaultNodeSettings('first'), genesis: genesisOf(chainId) })
}

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'ran'
  } catch (error) {
    return errorCode(error)
  }
}

test('keys, settings and genesis are made once: a second init changes nothing', () => {
  const first = init()
  const files = ['node.json', 'genesis.json', 'node_key.json', 'node_account.json', 'priv_validator_key.json']
  const before = files.map((name) => readFileSync(join(home, name), 'utf8'))
  const again = initNodeHome(home, SYSTEM_RNG, {
    settings: defaultNodeSettings('second'),
    genesis: genesisOf('tailrace-test-1'),
  })
  expect(files.map((name) => readFileSync(join(home, name), 'utf8'))).toEqual(before)
  expect(again).toEqual(first)
  for (const secret of ['node_key.json', 'node_account.json', 'priv_validator_key.json']) {
    expect(statSync(join(home, secret)).mode & 0o077).toBe(0)
  }
})

test('a node id is what CometBFT derives: the first 20 bytes of SHA-256 of the public key', () => {
  const { nodeId } = init()
  const { priv_key } = JSON.parse(readFileSync(join(home, 'node_key.json'), 'utf8'))
  const publicKey = Buffer.from(priv_key.value, 'base64').subarray(32)
  expect(nodeId).toBe(createHash('sha256').update(publicKey).digest('hex').slice(0, 40))
})

test('another network is refused', () => {
  init()
  expect(codeOf(() => init('tailrace-test-2'))).toBe('genesis_mismatch')
})

test('what was signed is begun once and never again in a folder with blocks', () => {
  init()
  prepareNodeHome(home)
  const state = join(home, 'data', 'priv_validator_state.json')
  writeFileSync(state, '{"height":"7","round":0,"step":3}')
  prepareNodeHome(home)
  expect(JSON.parse(readFileSync(state, 'utf8')).height).toBe('7')
  rmSync(state)
  mkdirSync(join(home, 'data', 'blockstore.db'))
  expect(codeOf(() => prepareNodeHome(home))).toBe('sign_state_missing')
  expect(existsSync(state)).toBe(false)
})

test('a folder that is no node’s, and a node without a network, say so', () => {
  expect(codeOf(() => prepareNodeHome(home))).toBe('not_a_node')
  initNodeHome(home, SYSTEM_RNG, { settings: defaultNodeSettings('') })
  expect(codeOf(() => prepareNodeHome(home))).toBe('no_genesis')
})
