/** One validator under a real CometBFT, blocks as fast as they come: the application as test/support/abci/app-child.ts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { encodeGenesis } from '../../../src/chain-node/genesis-file.ts'
import { createLocalGenesis } from '../../../src/chain-node/local-genesis.ts'
import { genesisValidatorOf } from '../../../src/chain-node/validator-key.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { findCometbft } from '../../../src/main/cometbft/binary.ts'
import { genesisPath, initNodeHome, prepareNodeHome } from '../../../src/main/cometbft/comet-home.ts'
import { defaultNodeSettings, writeNodeSettings } from '../../../src/main/cometbft/node-settings.ts'
import { findServerPorts } from '../../../src/main/network/free-port.ts'
import { SYSTEM_RNG } from '../../../src/main/system.ts'
import type { Genesis } from '../../../src/protocol/genesis.ts'
import { DEVELOPER } from '../../conformance/rpc/network-fixture.ts'
import type { TestProcess } from '../comet/process.ts'
import { createTestProcess } from '../comet/process.ts'
import { waitFor } from '../wait-for.ts'

const CHILD = fileURLToPath(new URL('app-child.ts', import.meta.url))
/** Epochs that end within a test. */
const PARAMS = { blockTimeMs: 300 } as const

export interface SingleNode {
  readonly genesis: Genesis
  /** Starts application and CometBFT; the application dies at this moment (app-child.ts), and CometBFT with it. */
  start(death?: string): Promise<void>
  /** Waits until both have ended by themselves. */
  died(): Promise<void>
  stop(): Promise<void>
  height(): Promise<number>
  waitForHeight(height: number): Promise<void>
  /** Result of a method of CometBFT's RPC. */
  ask(method: string): Promise<unknown>
  send(tx: Uint8Array): Promise<void>
  /** Lines of the recording. */
  recording(): readonly string[]
}

export async function createSingleNode(home: string, abci: 'unix' | 'tcp'): Promise<SingleNode> {
  const [rpc = 0, p2p = 0, cometPort = 0, appPort = 0, tcp = 0] = await findServerPorts(5, SYSTEM_RNG)
  const settings = {
    ...defaultNodeSettings('single'),
    rpc: { host: '127.0.0.1', port: rpc, allowedOrigins: [] },
    p2p: { ...defaultNodeSettings('single').p2p, host: '127.0.0.1', port: p2p },
    metrics: { cometPort, appPort },
    abci: abci === 'unix' ? ('unix' as const) : tcp,
    cometbft: { 'consensus.timeout_commit': '50ms' },
  }
  mkdirSync(home, { recursive: true })
  const { validatorKey } = initNodeHome(home, SYSTEM_RNG, { settings })
  const genesis = createLocalGenesis({
    timeMs: Date.now(),
    validators: [genesisValidatorOf(validatorKey, 10n)],
    developer: { address: DEVELOPER.address },
    hosts: [],
    params: PARAMS,
  })
  writeFileSync(genesisPath(home), encodeGenesis(genesis))
  writeNodeSettings(home, settings)
  prepareNodeHome(home)
  const address = abci === 'unix' ? `unix://${home}/app.sock` : `tcp://127.0.0.1:${tcp}`
  const url = `http://127.0.0.1:${rpc}`
  return singleNode({ home, address, url, genesis })
}

function singleNode(place: { home: string; address: string; url: string; genesis: Genesis }): SingleNode {
  const { home, address, url, genesis } = place
  const recording = `${home}/blocks.jsonl`
  const comet = createTestProcess({
    name: 'comet',
    command: findCometbft().path,
    args: ['start', '--home', home],
    logFile: `${home}/comet.log`,
    isReady: async () => (await fetch(`${url}/status`).catch(() => undefined))?.ok === true,
  })
  let app: TestProcess | undefined
  const ask = async (method: string): Promise<unknown> =>
    ((await (await fetch(`${url}/${method}`)).json()) as { result: unknown }).result
  const height = async (): Promise<number> => {
    const { sync_info } = (await ask('status')) as { sync_info: { latest_block_height: string } }
    return Number(sync_info.latest_block_height)
  }
  return {
    genesis,
    async start(death = '') {
      app = createTestProcess({
        name: 'app',
        command: process.execPath,
        args: [CHILD, home, address, recording, death],
        logFile: `${home}/app.log`,
        isReady: (printed) => printed.includes('listening on'),
      })
      await app.start()
      await comet.start()
    },
    async died() {
      await app?.ended()
      await comet.ended()
    },
    async stop() {
      await comet.kill('SIGTERM')
      await app?.kill('SIGTERM')
    },
    height,
    waitForHeight: (wanted) =>
      waitFor(`height ${wanted}`, async () => (await height()) >= wanted).then(() => undefined),
    ask,
    async send(tx) {
      const { code, log } = (await ask(`broadcast_tx_sync?tx=0x${toHex(tx)}`)) as { code: number; log: string }
      if (code !== 0) {
        throw new Error(`refused: ${log}`)
      }
    },
    recording: () => readFileSync(recording, 'utf8').trim().split('\n'),
  }
}

/** The state in a database of ours, under either engine, as text. */
export function stateOf(file: string): readonly string[] {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const rows = database.prepare('SELECT hex(key) AS key, hex(value) AS value FROM state ORDER BY key').all()
    return rows.map(({ key, value }) => `${key} ${value}`)
  } finally {
    database.close()
  }
}
