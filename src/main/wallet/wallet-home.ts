/**
 * The files of a wallet in a host's folder: `wallet.json` (the owner's envelope), `keys.json` (this machine's keys) and, for each wallet
 * that was replaced, `wallet-<address>.json`. Invariant: whatever the moment of a crash, the next start finds every key that was there
 * before, once; and a wallet is made by itself only where neither file was ever written.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureFolder, readTextFile, SECRET_MODE, writeTextFile } from '../../chain-node/private-file.ts'
import { WALLET_PATH } from '../../ipc/wires/wallet-wire.ts'
import { toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Rng } from '../../lib/runtime.ts'
import { addressOfPublicKey } from '../../protocol/address.ts'
import { publicKeyOf } from '../../protocol/signature.ts'
import type { MachineKeys } from '../keys/key-file.ts'
import { decodeKeyFile, encodeKeyFile, newSecretKey } from '../keys/key-file.ts'
import type { WalletFile, WalletHeader } from './envelope.ts'
import { decodeWalletFile, encodeWalletFile, sealWallet, WALLET_FILE_VERSION } from './envelope.ts'

/** Atomic: the file is as before or whole. */
export type WriteFile = (file: string, text: string) => void

export interface WalletHome {
  /** Moves keys of an older folder, then: the wallet that is there. @throws CodedError `damaged_file`, `newer_data`, `wallet_missing` */
  load(): Promise<WalletFile | undefined>
  save(wallet: WalletFile): void
  /** Keeps a wallet that is replaced. */
  archive(wallet: WalletFile): void
  /** Replaced wallets; a file that can't be read is left out. */
  archived(): readonly WalletFile[]
  /** This machine's keys for the owner: those that are there, else new ones. @throws CodedError `damaged_file`, `newer_data` */
  machineKeys(owner: string, rng: Rng): MachineKeys
}

const MAX_FILE_BYTES = 64 * 1024
const MOST_ARCHIVED = 64
const ARCHIVE_NAME = /^wallet-tail1[a-z0-9]{1,60}\.json$/

const writePrivate: WriteFile = (file, text) => writeTextFile(file, text, SECRET_MODE)

export function walletFile(home: string): string {
  return join(home, 'wallet.json')
}

export function createWalletHome(home: string, write: WriteFile = writePrivate): WalletHome {
  const keyFile = join(home, 'keys.json')
  const readKeys = () => {
    const text = readTextFile(keyFile, MAX_FILE_BYTES)
    return text === undefined ? undefined : decodeKeyFile(text, keyFile)
  }
  const put: WriteFile = (file, text) => {
    ensureFolder(home)
    write(file, text)
  }
  return {
    async load() {
      const keys = readKeys()
      const wallet = readWallet(walletFile(home))
      if (keys?.version === 1) {
        return moveOwnerKey(keys, wallet, {
          saveWallet: (moved) => put(walletFile(home), encodeWalletFile(moved)),
          saveKeys: (moved) => put(keyFile, encodeKeyFile(moved)),
        })
      }
      if (keys !== undefined && wallet === undefined) {
        throw new CodedError('wallet_missing', `${walletFile(home)} is gone: put it back`, {
          fields: { file: walletFile(home), address: keys.owner },
        })
      }
      return wallet
    },
    save: (wallet) => put(walletFile(home), encodeWalletFile(wallet)),
    archive: (wallet) => put(join(home, `wallet-${wallet.address}.json`), encodeWalletFile(wallet)),
    archived: () => readArchive(home),
    machineKeys(owner, rng) {
      const keys = readKeys()
      if (keys?.version === 2 && keys.owner === owner) {
        return keys
      }
      const made = { owner, deviceKey: newSecretKey(rng), peerKey: rng.bytes(32) }
      put(keyFile, encodeKeyFile(made))
      return made
    },
  }
}

/** What a folder of version 1 becomes: first the envelope, then, in place of the file that held everything, the machine's keys. */
async function moveOwnerKey(
  keys: { readonly ownerKey: Uint8Array; readonly deviceKey: Uint8Array; readonly peerKey: Uint8Array },
  wallet: WalletFile | undefined,
  files: {
    readonly saveWallet: (wallet: WalletFile) => void
    readonly saveKeys: (keys: MachineKeys) => void
  },
): Promise<WalletFile> {
  const { ownerKey, deviceKey, peerKey } = keys
  const moved = wallet ?? (await openEnvelope(ownerKey))
  const owner = addressOfPublicKey(publicKeyOf(ownerKey))
  if (moved.address !== owner) {
    // Neither is thrown away, and nobody but the person knows which of the two is meant.
    throw new CodedError(
      'damaged_file',
      'keys.json and wallet.json hold two different wallets: move one of them away',
      {
        fields: { file: 'wallet.json', address: moved.address, other: owner },
      },
    )
  }
  if (wallet === undefined) {
    files.saveWallet(moved)
  }
  files.saveKeys({ owner, deviceKey, peerKey })
  return moved
}

function openEnvelope(ownerKey: Uint8Array): Promise<WalletFile> {
  const header = headerOf(ownerKey, { wordCount: 0, isStarter: true, isBackedUp: false })
  return sealWallet(header, ownerKey, { protection: 'none' }, NO_RNG)
}

export function headerOf(
  ownerKey: Uint8Array,
  about: Pick<WalletHeader, 'wordCount' | 'isStarter' | 'isBackedUp'>,
): WalletHeader {
  const publicKey = publicKeyOf(ownerKey)
  return {
    version: WALLET_FILE_VERSION,
    address: addressOfPublicKey(publicKey),
    publicKey: toHex(publicKey),
    path: WALLET_PATH,
    ...about,
  }
}

function readWallet(file: string): WalletFile | undefined {
  const text = readTextFile(file, MAX_FILE_BYTES)
  return text === undefined ? undefined : decodeWalletFile(text, file)
}

function readArchive(home: string): WalletFile[] {
  const names = readdirSync(home)
    .filter((name) => ARCHIVE_NAME.test(name))
    .slice(0, MOST_ARCHIVED)
  return names.flatMap((name) => {
    try {
      const wallet = readWallet(join(home, name))
      return wallet === undefined ? [] : [wallet]
    } catch {
      // Kept as it is: whoever needs it restores it from its words.
      return []
    }
  })
}

/** An open envelope draws nothing. */
const NO_RNG: Rng = {
  bytes: () => {
    throw new CodedError('internal', 'an open envelope needs no random bytes')
  },
}
