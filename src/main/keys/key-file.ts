/**
 * `keys.json` of a host with a wallet: the keys of this machine, which hold no money. Version 1 held the owner key as well; it is read
 * here to be moved (wallet/wallet-home.ts), and written on by roles without a wallet (host-keys.ts).
 */
import { z } from 'zod'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Rng } from '../../lib/runtime.ts'
import { schemaVerdict } from '../../lib/schema-verdict.ts'
import { isSecretKey } from '../../protocol/signature.ts'

export interface MachineKeys {
  /** Address of the owner for whom they act: another wallet gets keys of its own. */
  readonly owner: string
  /** secp256k1: acts for this machine, until the height that its registration names (`device_expiry_height`). */
  readonly deviceKey: Uint8Array
  /** Ed25519 seed, 32 bytes. */
  readonly peerKey: Uint8Array
}

export type KeyFile =
  | { readonly version: 1; readonly ownerKey: Uint8Array; readonly deviceKey: Uint8Array; readonly peerKey: Uint8Array }
  | ({ readonly version: 2 } & MachineKeys)

export const KEY_FILE_VERSION = 2

const HEX_KEY = z.string().regex(/^[0-9a-f]{64}$/, { abort: true })
const SECP256K1_KEY = HEX_KEY.refine((text) => isSecretKey(fromHex(text)))
const keyFileSchema = z.discriminatedUnion('version', [
  z.strictObject({
    version: z.literal(1),
    ownerKey: SECP256K1_KEY,
    deviceKey: SECP256K1_KEY,
    peerKey: HEX_KEY,
  }),
  z.strictObject({
    version: z.literal(KEY_FILE_VERSION),
    owner: z
      .string()
      .max(64)
      .regex(/^tail1[a-z0-9]+$/),
    deviceKey: SECP256K1_KEY,
    peerKey: HEX_KEY,
  }),
])

/** @throws CodedError `damaged_file`, `newer_data` */
export function decodeKeyFile(text: string, file = 'keys.json'): KeyFile {
  const parsed = parseJson(text)
  const known = schemaVerdict(z.looseObject({ version: z.int() }), parsed)
  if (known.success && known.data.version > KEY_FILE_VERSION) {
    throw new CodedError('newer_data', `${file} was written by a newer Tailrace`, {
      fields: { file, version: known.data.version },
    })
  }
  const content = schemaVerdict(keyFileSchema, parsed)
  if (!content.success) {
    throw new CodedError('damaged_file', `${file} is damaged: restore it from a backup or move it away`, {
      fields: { file },
    })
  }
  const deviceKey = fromHex(content.data.deviceKey)
  const peerKey = fromHex(content.data.peerKey)
  return content.data.version === 1
    ? { version: 1, ownerKey: fromHex(content.data.ownerKey), deviceKey, peerKey }
    : { version: 2, owner: content.data.owner, deviceKey, peerKey }
}

export function encodeKeyFile({ owner, deviceKey, peerKey }: MachineKeys): string {
  const content = { version: KEY_FILE_VERSION, owner, deviceKey: toHex(deviceKey), peerKey: toHex(peerKey) }
  return `${JSON.stringify(content, null, 2)}\n`
}

export function newSecretKey(rng: Rng): Uint8Array {
  for (;;) {
    const candidate = rng.bytes(32)
    if (isSecretKey(candidate)) {
      return candidate
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema then refuses undefined.
    return undefined
  }
}
