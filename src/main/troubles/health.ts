/**
 * What looks after this computer for as long as the application runs, whichever host runs in it: the disk, the device, the model
 * files. Read next: host-troubles.ts (what is said of it).
 */
import { join } from 'node:path'
import type { LeaseState } from '../../ipc/snapshot.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { OnLogFault } from '../file-logger.ts'
import { readManifestFile } from '../models/model-files.ts'
import { BUILT_IN_MODELS } from '../models/model-library.ts'
import type { DamagedFile, RepairOutcome } from '../models/model-repair.ts'
import { repairModels } from '../models/model-repair.ts'
import { steadyMs, uptimeMs } from '../system.ts'
import { DeviceWatch } from './device-watch.ts'
import { diskOf } from './disk.ts'
import type { Health } from './host-troubles.ts'
import type { StoragePorts } from './storage-watch.ts'
import { startStorageWatch } from './storage-watch.ts'

export interface HealthComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly lease: { state(): LeaseState; onLease(listener: () => void): () => void }
  /** The platform's where absent. */
  readonly disk?: Omit<StoragePorts, 'clock'> | undefined
  readonly uptimeMs?: (() => number) | undefined
  /** Log lines that could not be written. */
  readonly onLogFault?: OnLogFault | undefined
}

export interface HealthOptions {
  readonly home: string
  readonly modelsFolder: string
  /** Verified chunks, from which a damaged model file is written anew. */
  readonly cacheFolder: string
}

export interface RunningHealth extends Health {
  /** Called after damaged files were written anew. @returns unsubscribe */
  onRepaired(listener: () => void): () => void
  stop(): Promise<void>
}

/** The model files are whole when this resolves, or could not be made so. */
export async function startHealth(components: HealthComponents, options: HealthOptions): Promise<RunningHealth> {
  const { clock, logger, lease } = components
  const stopping = new AbortController()
  const storage = await startStorageWatch({ clock, ...(components.disk ?? diskOf(options.home)) })
  const stopListening = components.onLogFault?.((error) => storage.failed(error))
  const device = new DeviceWatch()
  const unsubscribe = lease.onLease(() => device.forgetTab())
  const listeners = new Set<() => void>()
  async function repairAgain(model: string): Promise<void> {
    const outcome = await repair(components, options, stopping.signal)
    const names = (files: readonly DamagedFile[] = []) => files.some((file) => file.model === model)
    // Where nothing was wrong with the files, loading them again would fail again.
    if (names(outcome?.repaired) && !names(outcome?.left)) {
      device.repaired(model)
      for (const listener of [...listeners]) {
        listener()
      }
    }
  }
  let repairing: Promise<unknown> = repair(components, options, stopping.signal)
  await repairing
  device.onDamaged((model) => {
    repairing = repairing.then(() => repairAgain(model))
  })
  logger.log('debug', 'health watched', { freeBytes: storage.state().freeBytes })
  return {
    storage,
    device,
    lease,
    steadyMs,
    uptimeMs: components.uptimeMs ?? uptimeMs,
    onRepaired(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async stop() {
      unsubscribe()
      stopListening?.()
      stopping.abort()
      await repairing
      await storage.stop()
    },
  }
}

/** Undefined where it is not known. Never rejects: it is refused where it is loaded, and that is said. */
async function repair(
  { logger }: HealthComponents,
  options: HealthOptions,
  signal: AbortSignal,
): Promise<RepairOutcome | undefined> {
  const { modelsFolder, cacheFolder } = options
  try {
    const folders = BUILT_IN_MODELS.map((name) => join(modelsFolder, name))
    const manifests = await Promise.all(folders.map((folder) => readManifestFile(folder)))
    const folderOf = new Map(manifests.map((manifest, index) => [manifest, folders[index] ?? modelsFolder]))
    const components = { logger, cacheFolder, folderOf: (one: (typeof manifests)[number]) => folderOf.get(one) ?? '' }
    return await repairModels(components, manifests, signal)
  } catch (error) {
    if (!signal.aborted) {
      logger.log('warn', 'models not checked', { error: errorMessage(error) })
    }
    return undefined
  }
}
