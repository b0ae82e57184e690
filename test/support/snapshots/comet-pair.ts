/**
 * One node of a test: the application in this process, so that a test can give it other rules or look at its state, and a real
 * CometBFT beside it. A network of whole processes is test/support/comet.
 */
import { mkdirSync } from 'node:fs'
import type { AbciApp, AbciAppComponents, AbciAppOptions } from '../../../src/chain-node/abci/abci-app.ts'
import { startAbciApp } from '../../../src/chain-node/abci/abci-app.ts'
import { createLocalGenesis } from '../../../src/chain-node/local-genesis.ts'
import { genesisValidatorOf } from '../../../src/chain-node/validator-key.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { findCometbft } from '../../../src/main/cometbft/binary.ts'
import { initNodeHome, openIdentity, prepareNodeHome } from '../../../src/main/cometbft/comet-home.ts'
import type { CometStatus } from '../../../src/main/cometbft/comet-rpc.ts'
import { cometStatus, isRpcUp } from '../../../src/main/cometbft/comet-rpc.ts'
import type { NodeSettings } from '../../../src/main/cometbft/node-settings.ts'
import { abciAddressOf, defaultNodeSettings, rpcUrlOf } from '../../../src/main/cometbft/node-settings.ts'
import { findServerPorts } from '../../../src/main/network/free-port.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import type { Genesis } from '../../../src/protocol/genesis.ts'
import type { TestProcess } from '../comet/process.ts'
import { createTestProcess } from '../comet/process.ts'
import { waitFor } from '../wait-for.ts'

export interface CometPair {
  readonly home: string
  readonly settings: NodeSettings
  readonly rpcUrl: string
  readonly app: AbciApp
  readonly comet: TestProcess
  status(): Promise<CometStatus>
  waitForHeight(height: number): Promise<void>
  /** CometBFT first. */
  stop(): Promise<void>
}

export type PairOptions = Partial<Omit<AbciAppOptions, 'home' | 'address'>> & Pick<AbciAppComponents, 'openState'>

/** One validator for each home, no hosts, blocks as fast as the parameters allow. */
export function pairGenesis(homes: readonly string[]): Genesis {
  const identities = homes.map((home) => {
    mkdirSync(home, { recursive: true })
    return openIdentity(home, SYSTEM_RNG)
  })
  return createLocalGenesis({
    timeMs: Date.now(),
    validators: identities.map(({ validatorKey, account }) => ({
      ...genesisValidatorOf(validatorKey, 1_000_000n),
      nodePublicKey: account.publicKey,
    })),
    developer: { address: identities[0]?.account.address ?? '' },
    hosts: [],
    params: { blockTimeMs: 200 },
  })
}

/** Settings that stay with the home; `change` is applied at its first use. */
export async function pairSettings(
  name: string,
  change: (settings: NodeSettings) => NodeSettings = (settings) => settings,
): Promise<NodeSettings> {
  const base = defaultNodeSettings(name)
  const [rpc = 0, p2p = 0, cometPort = 0, appPort = 0, abci = 0] = await findServerPorts(5, SYSTEM_RNG)
  return change({
    ...base,
    rpc: { ...base.rpc, port: rpc },
    p2p: { ...base.p2p, host: '127.0.0.1', port: p2p, pex: false },
    metrics: { cometPort, appPort },
    abci,
  })
}

/** The application alone, on the home's settings: for what must not start. */
export async function startApp(home: string, given: PairOptions = {}): Promise<AbciApp> {
  const { openState, ...options } = given
  const { settings } = prepareNodeHome(home)
  return await startAbciApp(
    { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER, rng: SYSTEM_RNG, ...(openState === undefined ? {} : { openState }) },
    { home, address: abciAddressOf(home, settings), version: 'test', ...options },
  )
}

export async function startPair(
  home: string,
  parts: { readonly genesis: Genesis; readonly settings: NodeSettings },
  options: PairOptions = {},
): Promise<CometPair> {
  initNodeHome(home, SYSTEM_RNG, parts)
  const app = await startApp(home, options)
  const { settings } = prepareNodeHome(home)
  const rpcUrl = rpcUrlOf(settings)
  const comet = createTestProcess({
    name: `cometbft of ${settings.moniker}`,
    command: findCometbft().path,
    args: ['start', '--home', home],
    logFile: `${home}/cometbft.log`,
    isReady: () => isRpcUp(rpcUrl),
  })
  await comet.start()
  const status = (): Promise<CometStatus> => cometStatus(rpcUrl)
  return {
    home,
    settings,
    rpcUrl,
    app,
    comet,
    status,
    waitForHeight: async (height) => {
      await waitFor(`height ${height}`, async () => (await status()).height >= height, { everyMs: 50 })
    },
    async stop() {
      await comet.kill('SIGTERM')
      await app.stop()
    },
  }
}
