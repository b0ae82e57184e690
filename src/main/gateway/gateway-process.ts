/**
 * One gateway as a process: chain client, peer node, book, models, order desk, HTTP front on loopback. It holds no money and no
 * key of its own but its peer identity: who brings an API key brings the key that signs. Read next: gateway/desk/order-desk.ts.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { connectChainClient } from '../../chain-client/create-chain-client.ts'
import { startOrderDesk } from '../../gateway/desk/order-desk.ts'
import { createGateway } from '../../gateway/gateway.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import type { Clock, Logger, Rng } from '../../lib/runtime.ts'
import type { PeerNodeOptions } from '../../p2p/create-peer-node.ts'
import { createPeerNode } from '../../p2p/create-peer-node.ts'
import { createWorkChainPort } from '../chain-port.ts'
import { createHostDirectory } from '../host-directory.ts'
import { createGatewayRegistry } from '../metrics/gateway-registry.ts'
import { openModelLibrary } from '../models/model-library.ts'
import { readPrivateJson, writePrivateJson } from '../private-file.ts'
import { createSteadyClock } from '../system.ts'
import { createClockWatch } from '../troubles/clock-troubles.ts'
import type { StorageWatch } from '../troubles/storage-watch.ts'
import { ENGINE } from '../version.ts'
import { loadControlToken, withControlRoutes } from './control-routes.ts'
import { openDeskStore } from './desk-store.ts'
import { serveGateway } from './http-gateway.ts'
import { createModelCatalog } from './model-catalog.ts'

export interface GatewayProcessOptions {
  /** Folder of this gateway's peer key, book and control token. */
  readonly home: string
  readonly rpcUrl: string
  readonly port: number
  readonly listen: readonly string[]
  readonly bootstrap: readonly string[]
  readonly builtInModels: string
  readonly modelsFolder: string
}

export interface GatewayProcess {
  /** `http://127.0.0.1:port/v1` */
  readonly baseUrl: string
  readonly addresses: readonly string[]
  stop(): Promise<void>
}

const PEER_FILE = z.strictObject({ version: z.literal(1), peerKey: z.string().regex(/^[0-9a-f]{64}$/) })
const LOOPBACK = '127.0.0.1'

/** How long orders under way may take to end when the gateway stops: their executors hand in receipts. */
const LAST_RECEIPTS_MS = 5_000

interface Components {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  /** Of the disk under `home`; hears of what the book could not write. */
  readonly storage?: Pick<StorageWatch, 'state' | 'failed'> | undefined
}

/** What was started, to be ended in the opposite order. */
type Endings = (() => unknown)[]

/** @throws CodedError `chain_unreachable`, `port_taken`, `store_in_use`, `damaged_file` …: nothing runs on then */
export async function startGatewayProcess(
  components: Components,
  options: GatewayProcessOptions,
): Promise<GatewayProcess> {
  const endings: Endings = []
  async function stop(): Promise<void> {
    for (const end of endings.splice(0).reverse()) {
      await end()
    }
  }
  try {
    const { port, addresses } = await startParts(components, options, endings)
    return { baseUrl: `http://${LOOPBACK}:${port}/v1`, addresses, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startParts(
  { clock, logger, rng, storage }: Components,
  options: GatewayProcessOptions,
  endings: Endings,
): Promise<{ readonly port: number; readonly addresses: readonly string[] }> {
  const stopping = new AbortController()
  endings.push(() => stopping.abort())
  const store = openDeskStore(join(options.home, 'orders.sqlite'), (error) => storage?.failed(error))
  endings.push(() => store.close())
  const client = await connectChainClient(
    { clock: createSteadyClock(clock), logger },
    { rpcUrl: options.rpcUrl },
    stopping.signal,
  )
  endings.push(() => client.close())
  const directory = createHostDirectory(client, logger)
  const clockWatch = createClockWatch()
  client.onBlock((block) => clockWatch.heard(block, clock.nowMs()))
  const networkTimeMs = (): number => clock.nowMs() - clockWatch.offsetMs()
  const peerClock: Clock = { nowMs: networkTimeMs, sleep: (delayMs, signal) => clock.sleep(delayMs, signal) }
  const peers = await createPeerNode({ directory, clock: peerClock, logger }, peerOptions(options, rng))
  directory.start(stopping.signal)
  endings.push(() => peers.stop())
  await peers.start()
  const metrics = createGatewayRegistry({ client, peers }, clock.nowMs())
  const chain = {
    ...createWorkChainPort(client),
    chainId: client.chainId,
    host: client.host.bind(client),
    onBlock: client.onBlock.bind(client),
  }
  const desk = await startOrderDesk(
    {
      chain,
      peers,
      directory,
      store,
      clock,
      logger: logger.child('desk'),
      metrics,
      isDiskFull: () => storage?.state().isFull === true,
    },
    {},
    stopping.signal,
  )
  const late = new AbortController()
  endings.push(() =>
    Promise.race([desk.idle(), clock.sleep(LAST_RECEIPTS_MS, late.signal)]).finally(() => late.abort()),
  )
  const folders = { builtInFolder: options.builtInModels, cacheFolder: options.modelsFolder }
  const library = await openModelLibrary(folders, logger)
  const models = createModelCatalog(chain, library, Math.floor(clock.nowMs() / 1_000), stopping.signal)
  const { orders, sessions, receipts } = desk
  const parts = { models, orders, sessions, receipts, metrics, clock, rng, logger: logger.child('gateway') }
  const handler = withControlRoutes(createGateway(parts), desk, loadControlToken(options.home, rng))
  const server = await serveGateway(handler, { port: options.port, host: LOOPBACK, logger: logger.child('http') })
  endings.push(() => server.stop())
  return { port: server.port, addresses: peers.addresses() }
}

function peerOptions({ home, listen, bootstrap }: GatewayProcessOptions, rng: Rng): PeerNodeOptions {
  const isLoopback = listen.every((address) => address.startsWith('/ip4/127.'))
  return { peerKey: loadPeerKey(home, rng), listen, bootstrap, isLoopback, agent: ENGINE }
}

/** Ed25519 seed, made at first use. */
export function loadPeerKey(home: string, rng: Rng): Uint8Array {
  const file = join(home, 'peer.json')
  const stored = readPrivateJson(file, PEER_FILE)
  if (stored !== undefined) {
    return fromHex(stored.peerKey)
  }
  const peerKey = rng.bytes(32)
  writePrivateJson(file, { version: 1, peerKey: toHex(peerKey) })
  return peerKey
}
