/**
 * CometBFT's config.toml, from what an operator decided (node-settings.ts) and what the network asks for. Only keys that are set here
 * are written: for all others CometBFT has its own defaults. Invariant: equal inputs give equal text.
 */
import type { NodeSettings } from './node-settings.ts'
import { abciAddressOf, isLoopbackHost } from './node-settings.ts'

/** As chain-node/abci/mempool-bounds.ts says. */
export interface CometMempool {
  readonly txs: number
  readonly bytes: number
  readonly txBytes: number
  readonly cache: number
  readonly recheckTimeoutMs: number
}

export interface CometConfigOptions {
  readonly home: string
  readonly settings: NodeSettings
  /** Of the network's parameters. */
  readonly blockTimeMs: number
  readonly mempool: CometMempool
}

type TomlValue = string | number | boolean | readonly string[]
type TomlTable = Readonly<Record<string, TomlValue>>

/** Pages on this computer: what the screen and a developer's own page are. */
const LOOPBACK_ORIGINS = ['http://127.0.0.1:*', 'http://localhost:*', 'http://[::1]:*']
/** Proposal, two rounds of votes and the block itself take about this share of a short block on one machine, less of a long one. */
/** Where a block takes less, what CometBFT waits to send several things at once would be a good part of it. */
const SHORT_BLOCK_MS = 2_000
const LEAST_ROUND_MS = 150
const LOG_LEVELS = 'main:info,state:error,statesync:info,p2p:error,*:error'
const HEADER = [
  '# Written by `tailrace node start` from node.json at every start: change that file instead (its part "cometbft"',
  '# takes any key of this one as "section.key"). Keys that are missing here have the defaults of CometBFT 0.38.',
]

export function cometConfigToml(options: CometConfigOptions): string {
  const tables = cometConfig(options)
  for (const [name, value] of Object.entries(options.settings.cometbft)) {
    const dot = name.indexOf('.')
    const [section, key] = dot < 0 ? ['', name] : [name.slice(0, dot), name.slice(dot + 1)]
    tables[section] = { ...tables[section], [key]: value }
  }
  const { '': top = {}, ...sections } = tables
  const texts = Object.entries(sections).map(([name, table]) => `[${name}]\n${rows(table)}`)
  return `${[HEADER.join('\n'), rows(top), ...texts].join('\n\n')}\n`
}

function rows(table: TomlTable): string {
  return Object.entries(table)
    .map(([key, value]) => `${key} = ${tomlValue(value)}`)
    .join('\n')
}

/** JSON's strings and arrays of strings are TOML's too. */
function tomlValue(value: TomlValue): string {
  return JSON.stringify(value)
}

/** Paths are relative to the node's home: the files lie where the application reads them too. */
function cometConfig({ home, settings, blockTimeMs, mempool }: CometConfigOptions): Record<string, TomlTable> {
  return {
    '': {
      proxy_app: abciAddressOf(home, settings),
      moniker: settings.moniker,
      log_level: LOG_LEVELS,
      genesis_file: 'genesis.json',
      priv_validator_key_file: 'priv_validator_key.json',
      priv_validator_state_file: 'data/priv_validator_state.json',
      node_key_file: 'node_key.json',
      abci: 'socket',
    },
    rpc: rpcTable(settings),
    p2p: { ...p2pTable(settings), flush_throttle_timeout: blockTimeMs < SHORT_BLOCK_MS ? '10ms' : '100ms' },
    mempool: {
      size: mempool.txs,
      max_txs_bytes: mempool.bytes,
      max_tx_bytes: mempool.txBytes,
      cache_size: mempool.cache,
      recheck: true,
      recheck_timeout: duration(mempool.recheckTimeoutMs),
    },
    statesync: stateSyncTable(settings),
    consensus: consensusTable(blockTimeMs),
    tx_index: { indexer: 'kv' },
    instrumentation: { prometheus: true, prometheus_listen_addr: `127.0.0.1:${settings.metrics.cometPort}` },
  }
}

function rpcTable({ rpc }: NodeSettings): TomlTable {
  return {
    laddr: `tcp://${rpc.host}:${rpc.port}`,
    cors_allowed_origins: [...LOOPBACK_ORIGINS, ...rpc.allowedOrigins],
    max_subscription_clients: 200,
    max_subscriptions_per_client: 20,
    max_request_batch_size: 50,
  }
}

function p2pTable({ p2p }: NodeSettings): TomlTable {
  const isLocal = isLoopbackHost(p2p.host)
  return {
    laddr: `tcp://${p2p.host}:${p2p.port}`,
    external_address: p2p.externalAddress,
    persistent_peers: p2p.persistentPeers.join(','),
    seeds: p2p.seeds.join(','),
    pex: p2p.pex,
    addr_book_file: 'config/addrbook.json',
    // On loopback every peer has the same address, which is routable nowhere.
    addr_book_strict: !isLocal,
    allow_duplicate_ip: isLocal,
    // After twenty tries CometBFT waits longer and longer for a peer; one that was away for an hour must not wait for a day.
    persistent_peers_max_dial_period: '30s',
  }
}

function stateSyncTable({ stateSync }: NodeSettings): TomlTable {
  if (stateSync === undefined) {
    return { enable: false }
  }
  return {
    enable: true,
    rpc_servers: stateSync.rpcServers.join(','),
    trust_height: stateSync.trustHeight,
    trust_hash: stateSync.trustHash,
    trust_period: `${stateSync.trustHours}h0m0s`,
    discovery_time: '5s',
  }
}

/**
 * Blocks come at the fixed interval, empty or not: after a commit CometBFT waits `timeout_commit`, and the round that follows takes the rest.
 * A proposer that is away costs `timeout_propose`, which leaves room for a full block on a slow line.
 */
function consensusTable(blockTimeMs: number): TomlTable {
  const roundMs = Math.max(LEAST_ROUND_MS, Math.trunc(blockTimeMs / 20))
  return {
    timeout_propose: duration(Math.max(1_500, Math.trunc(blockTimeMs * 0.6))),
    timeout_propose_delta: '500ms',
    timeout_prevote: duration(Math.max(500, Math.trunc(blockTimeMs / 5))),
    timeout_prevote_delta: '500ms',
    timeout_precommit: duration(Math.max(500, Math.trunc(blockTimeMs / 5))),
    timeout_precommit_delta: '500ms',
    timeout_commit: duration(Math.max(10, blockTimeMs - roundMs)),
    skip_timeout_commit: false,
    create_empty_blocks: true,
    create_empty_blocks_interval: '0s',
    peer_gossip_sleep_duration: blockTimeMs < SHORT_BLOCK_MS ? '25ms' : '100ms',
  }
}

function duration(ms: number): string {
  return `${ms}ms`
}
