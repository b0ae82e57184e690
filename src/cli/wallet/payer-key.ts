/** The owner key of a folder, for a command that pays by itself: open, or in a wallet that its passphrase opens. */
import { readTextFile } from '../../chain-node/private-file.ts'
import { loadOrCreateHostKeys } from '../../main/host-keys.ts'
import { SYSTEM_RNG } from '../../main/system.ts'
import { decodeWalletFile, openWallet } from '../../main/wallet/envelope.ts'
import { walletFile } from '../../main/wallet/wallet-home.ts'

const MAX_FILE_BYTES = 64 * 1024

/** 32 bytes. @throws CodedError `damaged_file`, `newer_data`, `wrong_passphrase`, `system_store_failed` (open it in the application) */
export async function payerKey(home: string, askPassphrase: () => Promise<string>): Promise<Uint8Array> {
  const file = walletFile(home)
  const text = readTextFile(file, MAX_FILE_BYTES)
  if (text === undefined) {
    return loadOrCreateHostKeys(home, SYSTEM_RNG).ownerKey
  }
  const wallet = decodeWalletFile(text, file)
  const passphrase = wallet.protection === 'passphrase' ? await askPassphrase() : undefined
  return (await openWallet(wallet, { passphrase })).ownerKey
}
