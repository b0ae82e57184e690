/** A vault over the wallet in a host's folder: the one that is there, moved from an older folder, or a starter on a local network. */

import { createVault } from './create-vault.ts'
import type { Sealing } from './envelope.ts'
import { sealWallet } from './envelope.ts'
import type { ScryptCost } from './passphrase.ts'
import { DEFAULT_COST } from './passphrase.ts'
import type { Vault, VaultComponents } from './vault.ts'
import { VaultKeeper } from './vault-keeper.ts'
import type { WriteFile } from './wallet-home.ts'
import { createWalletHome, headerOf } from './wallet-home.ts'
import { entropyBytes, keyOfEntropy } from './words.ts'

export interface VaultOptions {
  /** Folder of the host whose owner this is. */
  readonly home: string
  /** On a local network the first start makes a starter wallet; on a public one there is none until a person makes it. */
  readonly network: 'local' | 'public'
  /** Of new envelopes; less in tests alone. */
  readonly cost?: ScryptCost
  /** Writes one file whole or not at all; another one in tests that crash. */
  readonly write?: WriteFile
}

const STARTER_WORDS = 12
const OPEN: Sealing = { protection: 'none' }

/** @throws CodedError `damaged_file`, `newer_data`, `wallet_missing`: a wallet that cannot be read is never replaced by a new one */
export async function openVault(components: VaultComponents, options: VaultOptions): Promise<Vault> {
  const home = createWalletHome(options.home, options.write)
  const keeper = new VaultKeeper(components, home, options.cost ?? DEFAULT_COST)
  const file = await home.load()
  if (file !== undefined) {
    await keeper.takeOver(file)
  } else if (options.network === 'local') {
    const secret = components.rng.bytes(entropyBytes(STARTER_WORDS))
    const header = headerOf(await keyOfEntropy(secret), {
      wordCount: STARTER_WORDS,
      isStarter: true,
      isBackedUp: false,
    })
    const starter = await sealWallet(header, secret, OPEN, components.rng)
    home.save(starter)
    await keeper.takeOver(starter)
  }
  return createVault(components, keeper)
}
