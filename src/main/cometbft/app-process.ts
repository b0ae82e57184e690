/** The process behind `tailrace node app`: the application alone, for a CometBFT that somebody else runs or supervises, with its heartbeats. */
import { startAbciApp } from '../../chain-node/abci/abci-app.ts'
import type { Clock, Logger, Rng } from '../../lib/runtime.ts'
import { createNodeMonitor } from '../metrics/node-monitor.ts'
import { VERSION } from '../version.ts'
import { openIdentity, prepareNodeHome } from './comet-home.ts'
import { startHeartbeats } from './heartbeats.ts'
import { abciAddressOf, rpcUrlOf } from './node-settings.ts'

export interface AppProcessOptions {
  readonly home: string
  /** Instead of the one in node.json. */
  readonly address?: string | undefined
  /** A file that gets each block's request and app hash, one JSON object a line. */
  readonly recordBlocksTo?: string | undefined
}

export interface AppProcess {
  /** As bound. */
  readonly address: string
  /** Rejects with what broke the application, or with why it must not go on (an upgrade). */
  readonly done: Promise<void>
  stop(): Promise<void>
}

/** @throws CodedError `not_a_node`, `no_genesis`, `sign_state_missing` and those of the application */
export async function startAppProcess(
  components: { readonly clock: Clock; readonly logger: Logger; readonly rng: Rng },
  options: AppProcessOptions,
): Promise<AppProcess> {
  const { home, recordBlocksTo } = options
  const { settings, genesis } = prepareNodeHome(home)
  const { validatorKey, account } = openIdentity(home, components.rng)
  const monitor = createNodeMonitor(components, genesis.chainId)
  // First, so that a port that is taken leaves nothing running.
  const metrics = await monitor.serve(settings.metrics.appPort)
  const app = await startAbciApp(
    { ...components, metrics: monitor.metrics },
    {
      home,
      address: options.address ?? abciAddressOf(home, settings),
      version: VERSION,
      snapshots: settings.snapshots,
      minRetainBlocks: settings.minRetainBlocks,
      ...(recordBlocksTo !== undefined && { recordBlocksTo }),
    },
  ).catch(async (error: unknown) => {
    await metrics.stop()
    throw error
  })
  const heartbeats = startHeartbeats(
    { clock: components.clock, logger: components.logger.child('heartbeats') },
    {
      rpcUrl: rpcUrlOf(settings),
      accountSecret: account.secretKey,
      validator: validatorKey.address,
      slotBlocks: genesis.params.consensus.heartbeatBlocks,
      tip: () => app.status(),
    },
  )
  return {
    address: app.address,
    done: app.done,
    async stop() {
      await heartbeats.stop()
      await metrics.stop()
      await app.stop()
    },
  }
}
