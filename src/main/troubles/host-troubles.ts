/** All that can be wrong with the host of this application, put together: each source beside what it reads. */
import type { LeaseState } from '../../ipc/snapshot.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { HostProcess } from '../host-process.ts'
import type { LocalNetwork } from '../network/local-network.ts'
import type { ChainState } from './chain-troubles.ts'
import { chainTroubles } from './chain-troubles.ts'
import { clockTroubles } from './clock-troubles.ts'
import { deviceTroubles } from './device-troubles.ts'
import type { DeviceWatch } from './device-watch.ts'
import { healthOf, startGatewayProbe } from './gateway-probe.ts'
import { networkTroubles } from './network-troubles.ts'
import { sleepTroubles } from './sleep-watch.ts'
import { storageTroubles } from './storage-troubles.ts'
import type { StorageWatch } from './storage-watch.ts'
import type { Troubles } from './troubles.ts'
import { createTroubles } from './troubles.ts'
import { walletTroubles } from './wallet-troubles.ts'

/** What outlives a host that is replaced. */
export interface Health {
  readonly device: DeviceWatch
  readonly storage: StorageWatch
  readonly lease: { state(): LeaseState }
  readonly steadyMs: () => number
  readonly uptimeMs: () => number
}

/** What is looked at of the host and of the network. */
export interface WatchedHost {
  readonly contributor: Pick<HostProcess['contributor'], 'view'>
  readonly chain: Pick<HostProcess['chain'], 'onBlock' | 'reconnect'>
  readonly peers: Pick<HostProcess['peers'], 'counts'>
  clockOffsetMs(): number
}

/** Called when the operating system says that the computer wakes; returns how to stop listening. */
export type OnResume = (listener: () => void) => () => void

export interface HostTroubleComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly host: WatchedHost
  readonly network: Pick<LocalNetwork, 'rpcUrl' | 'openaiUrl' | 'statuses'>
  readonly health: Health
  readonly isWalletLocked: () => boolean
  /** Absent where the shell hears of no sleep: the looks notice the longer ones by themselves (sleep-watch.ts). */
  readonly onResume?: OnResume | undefined
}

const USUAL_BLOCK_MS = 5_000

export function createHostTroubles(components: HostTroubleComponents, options: { readonly home: string }): Troubles {
  const { clock, logger, host, network, health, isWalletLocked } = components
  const view = () => host.contributor.view()
  let announcedHeight = 0
  const unsubscribe = host.chain.onBlock(({ height }) => {
    announcedHeight = Math.max(announcedHeight, height)
  })
  const chainState = (): ChainState => {
    const { connection, epoch } = view()
    const { height = 0, lastBlockAtMs = 0, blockTimeMs = USUAL_BLOCK_MS } = epoch ?? {}
    return { connection, announcedHeight, readHeight: height, lastBlockAtMs, blockTimeMs }
  }
  const onSlept = (seconds: number): void => {
    logger.log('info', 'the computer slept', { seconds })
    host.chain.reconnect()
  }
  // Also after a sleep that is too short to be noticed: its connections may be dead as well.
  const stopListening = components.onResume?.(() => host.chain.reconnect())
  const gateway = startGatewayProbe(clock, healthOf(network.openaiUrl))
  const troubles = createTroubles({
    clock,
    steadyMs: health.steadyMs,
    logger: logger.child('troubles'),
    sources: [
      ...sleepTroubles({ uptimeMs: health.uptimeMs, announcedHeight: () => announcedHeight, onResume: onSlept }),
      ...chainTroubles({ state: chainState, rpcUrl: network.rpcUrl }),
      ...networkTroubles({
        members: () => network.statuses(),
        isGatewayAnswering: () => gateway.isAnswering(),
        connectedPeers: () => host.peers.counts().connected,
      }),
      ...deviceTroubles({
        faults: () => health.device.faults(),
        isJoined: () => view().joined,
        isPageHere: () => health.lease.state().state === 'held',
      }),
      ...storageTroubles(health.storage, options.home),
      ...clockTroubles({ offsetMs: () => host.clockOffsetMs() }),
      ...walletTroubles({ view, isLocked: isWalletLocked, epochLength: () => epochLengthOf(view().epoch) }),
    ],
  })
  return {
    current: () => troubles.current(),
    onChange: (listener) => troubles.onChange(listener),
    async stop() {
      unsubscribe()
      stopListening?.()
      await Promise.all([gateway.stop(), troubles.stop()])
    },
  }
}

function epochLengthOf(epoch: { readonly startHeight: number; readonly closeHeight: number } | undefined) {
  return epoch === undefined ? undefined : epoch.closeHeight - epoch.startHeight + 1
}
