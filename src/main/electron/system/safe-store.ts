/**
 * The operating system's key store, through Electron's async safeStorage. Invariant: never a store that only looks like one: Chromium's
 * `basic_text`, the same fixed key in every installation, counts as none, and the wallet then wants a passphrase.
 */
import { CodedError } from '../../../lib/coded-error.ts'
import type { SystemStore } from '../../wallet/system-store.ts'
import type { ElectronApi } from '../electron-api.ts'

type SafeStorage = Pick<
  ElectronApi['safeStorage'],
  'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'
>

/** On Linux alone there is a backend to ask for. */
const UNSOUND: readonly string[] = ['basic_text', 'unknown']

/**
 * Only once the application is ready. `encrypt` and `decrypt` reject with `system_store_unavailable` where there is no sound store,
 * `decrypt` with `wrong_system_key` where another user or computer sealed it.
 */
export function createSafeStore(safeStorage: SafeStorage, platform: NodeJS.Platform): SystemStore {
  const isSound = async (): Promise<boolean> =>
    !(platform === 'linux' && UNSOUND.includes(safeStorage.getSelectedStorageBackend())) &&
    (await safeStorage.isAsyncEncryptionAvailable().catch(() => false))
  async function requireSound(): Promise<void> {
    if (!(await isSound())) {
      throw new CodedError('system_store_unavailable', 'this system has no key store that keeps a secret')
    }
  }
  return {
    isSound,
    async encrypt(text) {
      await requireSound()
      return new Uint8Array(await safeStorage.encryptStringAsync(text))
    },
    async decrypt(sealed) {
      await requireSound()
      try {
        return (await safeStorage.decryptStringAsync(Buffer.from(sealed))).result
      } catch (cause) {
        throw new CodedError('wrong_system_key', 'the key store of this system cannot open it', { cause })
      }
    },
  }
}
