/** Newer versions, as a port: the desktop shows what it says. No updater is built in; a release brings one with its own feed and keys. */
import type { CoreView } from '../core/core-wire.ts'

export interface UpdatePort {
  /** Called with each change; null where no newer version is known. */
  onUpdate(listener: (update: CoreView['update']) => void): void
}

export const NO_UPDATES: UpdatePort = { onUpdate: () => undefined }
