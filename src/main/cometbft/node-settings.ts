/**
 * node.json: what an operator decides about a node. CometBFT's config.toml is written from it (config-toml.ts) at every start, so
 * this file is the one to edit. Whatever CometBFT knows beside can be set under `cometbft`, by `section.key`.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { readPrivateJson, writePrivateJson } from '../private-file.ts'

const PORT = z.int().min(1).max(65_535)
const HOST = z.string().min(1).max(255)
/** `id@host:port` */
const PEER = z.string().regex(/^[0-9a-f]{40}@[^@,\s]{1,255}:[0-9]{1,5}$/, 'must be id@host:port')
const OVERRIDE_NAME = z.string().regex(/^([a-z0-9_]{1,40}\.)?[a-z0-9_-]{1,80}$/)

const NODE_FILE = z.strictObject({
  version: z.literal(1),
  moniker: z.string().max(64),
  rpc: z.strictObject({ host: HOST, port: PORT, allowedOrigins: z.array(z.string().max(256)).max(32).default([]) }),
  p2p: z.strictObject({
    host: HOST,
    port: PORT,
    /** `host:port` under which others reach it. */
    externalAddress: z.string().max(256).default(''),
    persistentPeers: z.array(PEER).max(64).default([]),
    seeds: z.array(PEER).max(64).default([]),
    /** Whether addresses of peers are exchanged; off where the peers are named. */
    pex: z.boolean().default(true),
  }),
  /** Ports on loopback for Prometheus: CometBFT's own, and the application's. */
  metrics: z.strictObject({ cometPort: PORT, appPort: PORT }),
  /** How CometBFT reaches the application: `unix` = a socket in the folder, else a port on loopback. */
  abci: z.union([z.literal('unix'), PORT]),
  /** Joins from a snapshot of its peers instead of from the first block; only while it has no blocks. */
  stateSync: z
    .strictObject({
      rpcServers: z.array(z.url().max(256)).min(2).max(8),
      trustHeight: z.int().min(1),
      trustHash: z.string().regex(/^[0-9A-F]{64}$/),
      trustHours: z.int().min(1).max(10_000).default(168),
    })
    .optional(),
  /** Snapshots of the state for nodes that join: one every so many blocks (0: none), of which the newest are kept. */
  snapshots: z
    .strictObject({ intervalBlocks: z.int().min(0).max(10_000_000), keep: z.int().min(1).max(64) })
    .default({ intervalBlocks: 1_000, keep: 2 }),
  /** Blocks that CometBFT keeps at least; 0: all. */
  minRetainBlocks: z.int().min(0).max(1_000_000_000).default(0),
  cometbft: z.record(OVERRIDE_NAME, z.union([z.string().max(1_024), z.number(), z.boolean()])).default({}),
})
export type NodeSettings = z.output<typeof NODE_FILE>

export const NODE_PORTS = { rpc: 26_657, p2p: 26_656, abci: 26_658, cometMetrics: 26_660, appMetrics: 26_661 } as const
const LOOPBACK = '127.0.0.1'

export function nodeSettingsFile(home: string): string {
  return join(home, 'node.json')
}

/** For a node of a public network: peers may come from anywhere, the RPC stays on loopback. */
export function defaultNodeSettings(moniker: string): NodeSettings {
  return {
    version: 1,
    moniker,
    rpc: { host: LOOPBACK, port: NODE_PORTS.rpc, allowedOrigins: [] },
    p2p: { host: '0.0.0.0', port: NODE_PORTS.p2p, externalAddress: '', persistentPeers: [], seeds: [], pex: true },
    metrics: { cometPort: NODE_PORTS.cometMetrics, appPort: NODE_PORTS.appMetrics },
    abci: 'unix',
    snapshots: { intervalBlocks: 1_000, keep: 2 },
    minRetainBlocks: 0,
    cometbft: {},
  }
}

/** Undefined where the folder was not made a node's. @throws CodedError `damaged_file` */
export function readNodeSettings(home: string): NodeSettings | undefined {
  // The schema's defaults fill what an older file lacks.
  return readPrivateJson<NodeSettings>(nodeSettingsFile(home), NODE_FILE)
}

export function writeNodeSettings(home: string, settings: NodeSettings): void {
  writePrivateJson(nodeSettingsFile(home), NODE_FILE.parse(settings))
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

export function rpcUrlOf({ rpc }: NodeSettings): string {
  return `http://${isAnyHost(rpc.host) ? LOOPBACK : rpc.host}:${rpc.port}`
}

function isAnyHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** A Unix socket's path has room for about this many bytes on all systems; a longer one needs a port. */
const MOST_SOCKET_PATH_BYTES = 100

/** Where the application listens: `unix:///…/app.sock` or `tcp://127.0.0.1:port`. */
export function abciAddressOf(home: string, { abci }: NodeSettings): string {
  return abci === 'unix' ? `unix://${join(home, 'app.sock')}` : `tcp://${LOOPBACK}:${abci}`
}

export function canUseUnixSocket(home: string, platform: NodeJS.Platform = process.platform): boolean {
  return platform !== 'win32' && Buffer.byteLength(join(home, 'app.sock')) <= MOST_SOCKET_PATH_BYTES
}
