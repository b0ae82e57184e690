import { expect, test } from 'vitest'
import { DEVELOPER, testGenesis, testKey } from '../../test/conformance/rpc/network-fixture.ts'
import { errorCode } from '../lib/coded-error.ts'
import type { Genesis } from '../protocol/genesis.ts'
import { decodeGenesis, encodeGenesis, genesisHash } from './genesis-file.ts'

const host = testKey('host')
const genesis: Genesis = {
  ...testGenesis(1_700_000_000_123),
  hosts: [
    { owner: host.address, devicePublicKey: host.publicKey, peerId: '12D3KooWExample', shape: 'dev', moniker: 'one' },
  ],
}

test('decode(encode(genesis)) is the genesis, and its hash is that of its text', () => {
  const text = encodeGenesis(genesis)
  expect(decodeGenesis(text)).toEqual(genesis)
  expect(genesisHash(decodeGenesis(text))).toEqual(genesisHash(genesis))
  expect(genesisHash({ ...genesis, timeMs: genesis.timeMs + 1 })).not.toEqual(genesisHash(genesis))
})

test('a validator may be the key of a host, and have a node account', () => {
  const [validator] = genesis.validators
  const owned = {
    ...genesis,
    validators: [{ ...validator, owner: host.address, nodePublicKey: host.publicKey }] as typeof genesis.validators,
  }
  expect(decodeGenesis(encodeGenesis(owned))).toEqual(owned)
})

test('CometBFT finds its fields where it looks for them', () => {
  const file = JSON.parse(encodeGenesis(genesis))
  expect(file.genesis_time).toBe('2023-11-14T22:13:20.123Z')
  expect(file.initial_height).toBe('1')
  expect(file.validators[0].pub_key.type).toBe('tendermint/PubKeyEd25519')
  expect(file.validators[0].power).toBe('10')
  expect(file.consensus_params.block.max_gas).toBe('-1')
})

const broken: readonly [string, (file: ReturnType<typeof parsed>) => void][] = [
  ['a chain id with capitals', (file) => Object.assign(file, { chain_id: 'Tailrace' })],
  ['no validator', (file) => file.validators.splice(0)],
  ['a validator twice', (file) => file.validators.push(file.validators[0])],
  [
    'a validator whose address is not of its key',
    (file) => Object.assign(file.validators[0], { address: 'A'.repeat(40) }),
  ],
  ['power 0', (file) => Object.assign(file.validators[0], { power: '0' })],
  ['no BLS key', (file) => file.app_state.bls_keys.splice(0)],
  ['an owner that is no address', (file) => Object.assign(file.app_state.bls_keys[0], { owner: 'tail1' })],
  ['a node key that is no point', (file) => Object.assign(file.app_state.bls_keys[0], { node_public_key: 'AAAA' })],
  ['a short BLS key', (file) => Object.assign(file.app_state.bls_keys[0], { public_key: 'AAAA' })],
  ['an account that is no address', (file) => Object.assign(file.app_state.accounts[0], { address: 'cosmos1abc' })],
  ['a negative amount', (file) => Object.assign(file.app_state.accounts[0], { amount: '-1' })],
  ['an account twice', (file) => file.app_state.accounts.push({ address: DEVELOPER.address, amount: '1' })],
  [
    'a host with a key that is no point',
    (file) => Object.assign(file.app_state.hosts[0], { device_public_key: 'AAAA' }),
  ],
  ['an unknown shape', (file) => Object.assign(file.app_state.hosts[0], { shape: 'huge' })],
  ['an epoch too short for its race', (file) => Object.assign(file.app_state.params, { raceLength: 39 })],
  ['a parameter missing', (file) => Object.assign(file.app_state.params, { openingPpm: undefined })],
  ['an emission that is no integer', (file) => Object.assign(file.app_state.params, { emissionPerEpoch: '1.5' })],
]

test.each(broken)('refused: %s', (_name, damage) => {
  const file = parsed()
  damage(file)
  expect(codeOf(JSON.stringify(file))).toBe('invalid_genesis')
})

test('refused: what is no JSON', () => {
  expect(codeOf('{')).toBe('invalid_genesis')
})

function parsed() {
  return JSON.parse(encodeGenesis(genesis))
}

function codeOf(text: string): string {
  try {
    decodeGenesis(text)
  } catch (error) {
    return errorCode(error)
  }
  return 'nothing thrown'
}
