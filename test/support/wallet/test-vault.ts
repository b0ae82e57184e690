/** Vaults on real files in a folder of their own, with a key derivation that costs little and writes that may fail. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { SECRET_MODE, writeTextFile } from '../../../src/chain-node/private-file.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { SYSTEM_RNG } from '../../../src/main/system.ts'
import type { VaultOptions } from '../../../src/main/wallet/open-vault.ts'
import { openVault } from '../../../src/main/wallet/open-vault.ts'
import type { SystemStore } from '../../../src/main/wallet/system-store.ts'
import type { Vault } from '../../../src/main/wallet/vault.ts'
import type { WriteFile } from '../../../src/main/wallet/wallet-home.ts'
import { VirtualClock } from '../virtual-clock.ts'

export const TEST_COST = { n: 2 ** 14, r: 8, p: 1 }
export const PASSPHRASE = 'correct horse battery'

export interface TestVault {
  readonly vault: Vault
  readonly clock: VirtualClock
  readonly home: string
}

export function walletFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-wallet-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function openTestVault(
  home: string,
  options: Partial<VaultOptions> & { readonly store?: SystemStore } = {},
): Promise<TestVault> {
  const { store, ...rest } = options
  const clock = new VirtualClock()
  const components = { clock, rng: SYSTEM_RNG, logger: SILENT_LOGGER, store }
  return { clock, home, vault: await openVault(components, { home, network: 'local', cost: TEST_COST, ...rest }) }
}

/** The process dies at the n-th write: `before` nothing of it is on disk, `after` all of it (writes are atomic). */
export function dyingAt(write: number, moment: 'before' | 'after'): WriteFile {
  let count = 0
  return (file, text) => {
    count += 1
    if (count < write || (count === write && moment === 'after')) {
      writeTextFile(file, text, SECRET_MODE)
    }
    if (count >= write) {
      throw new Error('the process died')
    }
  }
}

/** Every file of the folder by name. */
export function filesOf(home: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(home)
      .sort()
      .map((name) => [name, readFileSync(join(home, name), 'utf8')]),
  )
}

/** Makes a wallet with a passphrase the wallet of this vault. */
export async function adoptNewWallet(
  vault: Vault,
  given: { readonly passphrase?: string; readonly replaces?: string } = { passphrase: PASSPHRASE },
): Promise<readonly string[]> {
  const { draftId, words, ask } = await vault.create({ words: 24 })
  await vault.use({ draftId, answers: ask.map((position) => words[position - 1] ?? ''), ...given })
  return words
}
