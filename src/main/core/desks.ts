/** What the screen asks beside the host: wallet, settings, machine, logs, earnings; and the facts of them that stand in every snapshot. */
import type { LogsDesk, MachineDesk, ScreenBackend, SettingsDesk, WalletDesk } from '../../ipc/screen-router.ts'
import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import type { Clock, Logger, Rng } from '../../lib/runtime.ts'
import type { DoctorOptions } from '../doctor/doctor.ts'
import { examineAll } from '../doctor/doctor.ts'
import { createEarningsDesk } from '../earnings/earnings-desk.ts'
import type { HostProcess } from '../host-process.ts'
import { createLogsDesk, knownNames } from '../logs/logs-desk.ts'
import { createMachineDesk } from '../machine/machine-desk.ts'
import { createMachineReader } from '../machine/readings.ts'
import { BUILT_IN_MODELS } from '../models/model-library.ts'
import type { LocalNetwork } from '../network/local-network.ts'
import type { SettingsStore } from '../settings/settings-store.ts'
import type { Health, OnResume } from '../troubles/host-troubles.ts'
import { createHostTroubles } from '../troubles/host-troubles.ts'
import type { Vault } from '../wallet/vault.ts'
import { createWalletDesk, hostWalletState } from '../wallet/wallet-desk.ts'

export interface Desks {
  readonly wallet: WalletDesk
  readonly settings: SettingsDesk
  readonly machine: MachineDesk
  readonly logs: LogsDesk
  readonly earnings: ScreenBackend['earnings']
  facts(): SnapshotFacts
  /** Called after each change of what `facts` returns. */
  onChange(listener: () => void): () => void
  stop(): Promise<void>
}

export type SnapshotFacts = Pick<ScreenSnapshot, 'settings' | 'wallet' | 'troubles' | 'shell' | 'update'>

export interface DeskComponents {
  /** A newer version, where the shell knows of one. */
  readonly update?: (() => SnapshotFacts['update']) | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  readonly host: HostProcess
  readonly network: LocalNetwork
  readonly settings: SettingsStore
  /** The newest snapshot, for what `doctor` says of it. */
  readonly snapshot: () => ScreenSnapshot
  readonly vault: Vault
  readonly health: Health
  readonly onResume?: OnResume | undefined
  /** Stops the host and starts it again with what now lies in its folder. */
  readonly restartHost: () => Promise<void>
}

export interface DeskOptions {
  readonly home: string
  readonly logFolder: string
  /** Models that come with the program. */
  readonly modelsFolder: string
  readonly shell: 'service' | 'desktop'
}

function doctorOptions(settings: SettingsStore, options: DeskOptions): DoctorOptions {
  return {
    home: options.home,
    settingsFile: settings.state().file,
    screenPort: settings.state().values.screenPort,
    builtInModels: options.modelsFolder,
    models: BUILT_IN_MODELS,
    env: process.env,
    platform: process.platform,
    shell: options.shell,
  }
}

export function createDesks(components: DeskComponents, options: DeskOptions): Desks {
  const { host, settings, vault } = components
  const isWalletLocked = (): boolean => hostWalletState(vault, host).state === 'locked'
  const troubles = createHostTroubles({ ...components, isWalletLocked }, { home: options.home })
  const doctor = doctorOptions(settings, options)
  const desks: Desks = {
    wallet: createWalletDesk({
      ...components,
      chain: host.chain,
      host: { deviceAddress: host.keys.deviceAddress, view: () => host.contributor.view() },
    }),
    settings: { change: async (patch) => settings.change(patch) },
    machine: createMachineDesk({
      reader: createMachineReader(components.clock, { dataFolder: options.home, platform: process.platform }),
      contributor: host.contributor,
      doctor: (signal) => examineAll(doctor, components.snapshot, () => components.clock.nowMs(), signal),
      logger: components.logger.child('machine'),
    }),
    logs: createLogsDesk(
      {
        clock: components.clock,
        logger: components.logger.child('logs'),
        facts: () => desks.facts(),
        view: () => host.contributor.view(),
        chainId: () => host.chain.chainId,
        readings: (signal) => desks.machine.readings(signal),
        doctor: (signal) => desks.machine.doctor(signal),
      },
      { logFolder: options.logFolder, redact: knownNames(options.home, options.logFolder) },
    ),
    earnings: createEarningsDesk({
      chain: host.chain,
      ownerAddress: host.keys.ownerAddress,
      record: () => host.contributor.view().record,
      logger: components.logger.child('earnings'),
    }),
    facts: () => ({
      settings: settings.state(),
      wallet: hostWalletState(vault, host),
      troubles: [...troubles.current()],
      shell: options.shell,
      update: components.update?.() ?? null,
    }),
    onChange(listener) {
      const ends = [settings.onChange(listener), vault.onChange(listener), troubles.onChange(listener)]
      return () => {
        for (const end of ends) {
          end()
        }
      }
    },
    stop: () => troubles.stop(),
  }
  return desks
}
