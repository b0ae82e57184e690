import { describe, expect, test } from 'vitest'
import { COMET_MEMPOOL } from '../../chain-node/abci/mempool-bounds.ts'
import { cometConfigToml } from './config-toml.ts'
import type { NodeSettings } from './node-settings.ts'
import { canUseUnixSocket, defaultNodeSettings } from './node-settings.ts'

const PEER = `${'0a'.repeat(20)}@203.0.113.5:26656`

function configOf(settings: Partial<NodeSettings> = {}, blockTimeMs = 5_000): string {
  return cometConfigToml({
    home: '/srv/node',
    settings: { ...defaultNodeSettings('node'), ...settings },
    blockTimeMs,
    mempool: COMET_MEMPOOL,
  })
}

/** Lines of one section. */
function section(text: string, name: string): string[] {
  const [, rest = ''] = text.split(`\n[${name}]\n`)
  return (rest.split('\n\n')[0] ?? '').split('\n').filter((line) => line !== '')
}

describe('config.toml', () => {
  test('a public node: peers from anywhere, RPC and metrics on loopback, keys beside the application’s', () => {
    const text = configOf()
    expect(text).toContain('proxy_app = "unix:///srv/node/app.sock"')
    expect(text).toContain('priv_validator_key_file = "priv_validator_key.json"')
    expect(section(text, 'rpc')).toContain('laddr = "tcp://127.0.0.1:26657"')
    expect(section(text, 'p2p')).toEqual(
      expect.arrayContaining([
        'laddr = "tcp://0.0.0.0:26656"',
        'addr_book_strict = true',
        'allow_duplicate_ip = false',
      ]),
    )
    expect(section(text, 'instrumentation')).toContain('prometheus_listen_addr = "127.0.0.1:26660"')
    expect(section(text, 'statesync')).toEqual(['enable = false'])
  })

  test('blocks come at the interval of the network, empty or not', () => {
    for (const blockTimeMs of [1_000, 5_000]) {
      const lines = section(configOf({}, blockTimeMs), 'consensus')
      const [, waitMs = ''] = /timeout_commit = "([0-9]+)ms"/.exec(lines.join('\n')) ?? []
      expect(Number(waitMs)).toBeLessThan(blockTimeMs)
      expect(Number(waitMs)).toBeGreaterThan(0.8 * blockTimeMs)
      expect(lines).toContain('create_empty_blocks = true')
    }
  })

  test('a node on loopback, named peers, state sync', () => {
    const { p2p } = defaultNodeSettings('')
    const text = configOf({
      abci: 26_658,
      p2p: { ...p2p, host: '127.0.0.1', persistentPeers: [PEER, PEER], pex: false },
      stateSync: {
        rpcServers: ['http://203.0.113.5:26657', 'http://203.0.113.6:26657'],
        trustHeight: 100,
        trustHash: 'AB'.repeat(32),
        trustHours: 168,
      },
    })
    expect(text).toContain('proxy_app = "tcp://127.0.0.1:26658"')
    expect(section(text, 'p2p')).toEqual(
      expect.arrayContaining([`persistent_peers = "${PEER},${PEER}"`, 'pex = false', 'allow_duplicate_ip = true']),
    )
    expect(section(text, 'statesync')).toEqual(
      expect.arrayContaining([
        'enable = true',
        'rpc_servers = "http://203.0.113.5:26657,http://203.0.113.6:26657"',
        'trust_height = 100',
        'trust_period = "168h0m0s"',
      ]),
    )
  })

  test('what an operator sets for CometBFT itself wins, quoted as TOML has it', () => {
    const text = configOf({
      moniker: 'a "quoted"\nname',
      cometbft: { 'p2p.max_num_inbound_peers': 120, log_level: 'debug', 'storage.discard_abci_responses': true },
    })
    expect(text).toContain('moniker = "a \\"quoted\\"\\nname"')
    expect(text).toContain('\nlog_level = "debug"\n')
    expect(text.match(/log_level/g)).toHaveLength(1)
    expect(section(text, 'p2p')).toContain('max_num_inbound_peers = 120')
    expect(section(text, 'storage')).toEqual(['discard_abci_responses = true'])
  })
})

test('a socket’s path has a limit', () => {
  expect(canUseUnixSocket('/srv/node', 'linux')).toBe(true)
  expect(canUseUnixSocket(`/srv/${'x'.repeat(100)}`, 'linux')).toBe(false)
  expect(canUseUnixSocket('/srv/node', 'win32')).toBe(false)
})
