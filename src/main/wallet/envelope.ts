/**
 * The owner's envelope, `wallet.json`: what anybody may know of the wallet in the clear, its secret under a passphrase, under the
 * system's key store, or (a practice wallet alone) open. Invariant: the header is authenticated with the secret, so nobody can pass one
 * wallet off as another; the checksum tells a damaged file from a wrong passphrase; whatever the bytes, only coded errors come of them.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { z } from 'zod'
import { WALLET_PATH } from '../../ipc/wires/wallet-wire.ts'
import { equalBytes, fromHex, toHex, utf8 } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Rng } from '../../lib/runtime.ts'
import { schemaVerdict } from '../../lib/schema-verdict.ts'
import { addressOfPublicKey } from '../../protocol/address.ts'
import { sha256 } from '../../protocol/hash.ts'
import { isSecretKey, publicKeyOf } from '../../protocol/signature.ts'
import type { ScryptCost } from './passphrase.ts'
import { isCostAllowed, keyOfPassphrase } from './passphrase.ts'
import type { SystemStore } from './system-store.ts'
import { keyOfEntropy } from './words.ts'

export const WALLET_FILE_VERSION = 1

const MAX_WRAPPED_HEX = 8_192
const NONCE_BYTES = 12
const TAG_BYTES = 16
const SALT_BYTES = 16
const DATA_KEY_BYTES = 32

const hex = (min: number, max = min) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * min},${2 * max}}$`))
const headerShape = {
  version: z.literal(WALLET_FILE_VERSION),
  address: z
    .string()
    .max(64)
    .regex(/^tail1[a-z0-9]+$/),
  publicKey: hex(33),
  path: z.literal(WALLET_PATH),
  /** 0: the secret is the key itself, from a data folder of before there were words. */
  wordCount: z.union([z.literal(0), z.literal(12), z.literal(24)]),
  isStarter: z.boolean(),
  isBackedUp: z.boolean(),
}
const sealedShape = { nonce: hex(NONCE_BYTES), ciphertext: hex(16 + TAG_BYTES, 32 + TAG_BYTES) }
const kdfSchema = z
  .strictObject({ name: z.literal('scrypt'), n: z.int(), r: z.int(), p: z.int(), salt: hex(SALT_BYTES) })
  .refine(isCostAllowed)
const bodySchema = z.discriminatedUnion('protection', [
  z.strictObject({ ...headerShape, protection: z.literal('none'), secret: hex(16, 32) }),
  z.strictObject({ ...headerShape, protection: z.literal('passphrase'), kdf: kdfSchema, ...sealedShape }),
  z.strictObject({
    ...headerShape,
    protection: z.literal('system'),
    wrappedKey: z
      .string()
      .max(MAX_WRAPPED_HEX)
      .regex(/^([0-9a-f]{2})+$/),
    ...sealedShape,
  }),
])

export type WalletFile = z.infer<typeof bodySchema>
export type WalletHeader = Pick<WalletFile, keyof typeof headerShape>

/** How a secret is kept from now on. A passphrase is there as the key that was derived from it. */
export type Sealing =
  | { readonly protection: 'none' }
  | { readonly protection: 'passphrase'; readonly kdf: z.infer<typeof kdfSchema>; readonly key: Uint8Array }
  | { readonly protection: 'system'; readonly store: SystemStore }

export interface WalletSecret {
  /** The entropy of the words, or the key where there are none. */
  readonly secret: Uint8Array
  /** 32 bytes. */
  readonly ownerKey: Uint8Array
}

export interface OpenedWallet extends WalletSecret {
  readonly sealing: Sealing
}

/** @throws CodedError `damaged_file`, `newer_data` */
export function decodeWalletFile(text: string, file = 'wallet.json'): WalletFile {
  const parsed = parseJson(text)
  const known = schemaVerdict(z.looseObject({ version: z.int() }), parsed)
  if (known.success && known.data.version > WALLET_FILE_VERSION) {
    throw new CodedError('newer_data', `${file} was written by a newer Tailrace`, {
      fields: { file, version: known.data.version },
    })
  }
  const checked = schemaVerdict(z.looseObject({ checksum: hex(32) }), parsed)
  if (checked.success) {
    const { checksum, ...rest } = checked.data
    const body = schemaVerdict(bodySchema, rest)
    if (body.success && checksumOf(body.data) === checksum && isConsistent(body.data)) {
      return body.data
    }
  }
  throw damaged(file)
}

export function encodeWalletFile(wallet: WalletFile): string {
  return `${JSON.stringify({ ...wallet, checksum: checksumOf(wallet) }, null, 2)}\n`
}

export async function sealingOfPassphrase(passphrase: string, cost: ScryptCost, rng: Rng): Promise<Sealing> {
  const salt = rng.bytes(SALT_BYTES)
  const { n, r, p } = cost
  const key = await keyOfPassphrase(passphrase, salt, cost)
  return { protection: 'passphrase', kdf: { name: 'scrypt', n, r, p, salt: toHex(salt) }, key }
}

export async function sealWallet(
  header: WalletHeader,
  secret: Uint8Array,
  sealing: Sealing,
  rng: Rng,
): Promise<WalletFile> {
  switch (sealing.protection) {
    case 'none':
      return { ...header, protection: 'none', secret: toHex(secret) }
    case 'passphrase': {
      const { kdf, key } = sealing
      const draft = { ...header, protection: 'passphrase', kdf, nonce: toHex(rng.bytes(NONCE_BYTES)) } as const
      return { ...draft, ciphertext: encrypt(key, draft, secret) }
    }
    case 'system': {
      const key = rng.bytes(DATA_KEY_BYTES)
      const wrappedKey = toHex(await sealing.store.encrypt(toHex(key)))
      const draft = { ...header, protection: 'system', wrappedKey, nonce: toHex(rng.bytes(NONCE_BYTES)) } as const
      return { ...draft, ciphertext: encrypt(key, draft, secret) }
    }
  }
}

export interface WalletOpeners {
  readonly passphrase?: string | undefined
  readonly store?: SystemStore | undefined
}

/** @throws CodedError `wrong_passphrase`, `passphrase_needed`, `system_store_failed`, `damaged_file` */
export async function openWallet(wallet: WalletFile, openers: WalletOpeners): Promise<OpenedWallet> {
  switch (wallet.protection) {
    case 'none':
      return checked(wallet, fromHex(wallet.secret), { protection: 'none' })
    case 'passphrase': {
      if (openers.passphrase === undefined) {
        throw new CodedError('passphrase_needed', 'this wallet opens with its passphrase')
      }
      const { kdf } = wallet
      const key = await keyOfPassphrase(openers.passphrase, fromHex(kdf.salt), kdf)
      const secret = decrypt(key, wallet)
      if (secret === undefined) {
        throw new CodedError('wrong_passphrase', 'this is not the passphrase of this wallet')
      }
      return checked(wallet, secret, { protection: 'passphrase', kdf, key })
    }
    case 'system': {
      const { store } = openers
      const secret = store && decrypt(await unwrap(store, wallet.wrappedKey), wallet)
      if (store === undefined || secret === undefined) {
        throw new CodedError('system_store_failed', 'the key store of this system does not open this wallet')
      }
      return checked(wallet, secret, { protection: 'system', store })
    }
  }
}

/** The key of a secret. @throws CodedError `damaged_file` */
export async function keyOfSecret(wordCount: 0 | 12 | 24, secret: Uint8Array): Promise<Uint8Array> {
  const length = wordCount === 12 ? 16 : 32
  if (secret.length !== length || (wordCount === 0 && !isSecretKey(secret))) {
    throw damaged('wallet.json')
  }
  return wordCount === 0 ? secret : keyOfEntropy(secret)
}

/** Length and checksum fit, but does the secret belong to the address? */
async function checked(wallet: WalletHeader, secret: Uint8Array, sealing: Sealing): Promise<OpenedWallet> {
  const ownerKey = await keyOfSecret(wallet.wordCount, secret)
  if (!equalBytes(publicKeyOf(ownerKey), fromHex(wallet.publicKey))) {
    throw damaged('wallet.json')
  }
  return { secret, ownerKey, sealing }
}

type Sealed = Extract<WalletFile, { readonly ciphertext: string }>
type Unsealed<T extends Sealed = Sealed> = T extends Sealed ? Omit<T, 'ciphertext'> : never

function encrypt(key: Uint8Array, wallet: Unsealed, secret: Uint8Array): string {
  const cipher = createCipheriv('aes-256-gcm', key, fromHex(wallet.nonce))
  cipher.setAAD(headerBytes(wallet))
  return Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]).toString('hex')
}

/** Undefined where the key is another one. */
function decrypt(key: Uint8Array, wallet: Sealed): Uint8Array | undefined {
  const sealed = fromHex(wallet.ciphertext)
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, fromHex(wallet.nonce), { authTagLength: TAG_BYTES })
    decipher.setAAD(headerBytes(wallet))
    decipher.setAuthTag(sealed.slice(-TAG_BYTES))
    return new Uint8Array(Buffer.concat([decipher.update(sealed.slice(0, -TAG_BYTES)), decipher.final()]))
  } catch {
    // The tag does not fit: the only thing that can be known.
    return undefined
  }
}

async function unwrap(store: SystemStore, wrappedKey: string): Promise<Uint8Array> {
  let text: string
  try {
    text = await store.decrypt(fromHex(wrappedKey))
  } catch (cause) {
    throw new CodedError('system_store_failed', 'the key store of this system does not open this wallet', { cause })
  }
  return /^[0-9a-f]{64}$/.test(text) ? fromHex(text) : new Uint8Array(DATA_KEY_BYTES)
}

/** Everything that stands in the clear, in one order. */
function headerBytes(wallet: Unsealed): Uint8Array {
  const { version, address, publicKey, path, wordCount, isStarter, isBackedUp, protection } = wallet
  const kdf = wallet.protection === 'passphrase' ? wallet.kdf : undefined
  const costs = kdf === undefined ? [] : [kdf.n, kdf.r, kdf.p, kdf.salt]
  return utf8(
    JSON.stringify([version, address, publicKey, path, wordCount, isStarter, isBackedUp, protection, ...costs]),
  )
}

/** Against rot, not against people. */
function checksumOf(wallet: WalletFile): string {
  return toHex(sha256(utf8(JSON.stringify(Object.entries(wallet).sort(([a], [b]) => (a < b ? -1 : 1))))))
}

function isConsistent(wallet: WalletFile): boolean {
  try {
    return addressOfPublicKey(fromHex(wallet.publicKey)) === wallet.address
  } catch {
    // No curve point.
    return false
  }
}

function damaged(file: string): CodedError {
  return new CodedError('damaged_file', `${file} is damaged: restore it from a backup, or the wallet from its words`, {
    fields: { file },
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema then refuses undefined.
    return undefined
  }
}
