/**
 * A Cosmos transaction, decoded with bounds (TxRaw of cosmos.tx.v1beta1, SIGN_MODE_DIRECT, one signer). The raw body and
 * auth bytes are kept: signatures cover the bytes as they came, never a re-encoding.
 */
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { SignMode } from 'cosmjs-types/cosmos/tx/signing/v1beta1/signing'
import { AuthInfo, SignDoc, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { CodedError } from '../lib/coded-error.ts'
import { sha256 } from './hash.ts'
import { decodeMessage, signerOf, type TypedMessage } from './messages.ts'
import { DENOM } from './params.ts'

export const TX_LIMITS = {
  bytes: 128 * 1024,
  messages: 8,
  memoCharacters: 256,
} as const

/** First byte of the transaction that carries σ_h: no protobuf TxRaw starts with it (field 0 does not exist). */
const RANDOMNESS_TX_PREFIX = Uint8Array.of(0x00, 0x52)

export interface DecodedTx {
  readonly hash: Uint8Array
  readonly messages: readonly TypedMessage[]
  /** The address that every message names as its signer. */
  readonly signer: string
  /** utail. */
  readonly feeAmount: bigint
  readonly gasLimit: bigint
  readonly sequence: bigint
  readonly timeoutHeight: bigint
  /** Absent in an unsigned transaction that is only simulated. */
  readonly publicKey: Uint8Array | undefined
  readonly signature: Uint8Array
  readonly bodyBytes: Uint8Array
  readonly authInfoBytes: Uint8Array
}

/** @throws CodedError `malformed_tx`, `tx_too_large`, `unsupported_tx` and the codes of `decodeMessage`. */
export function decodeTx(bytes: Uint8Array): DecodedTx {
  if (bytes.length > TX_LIMITS.bytes) {
    throw new CodedError('tx_too_large', `a transaction has at most ${TX_LIMITS.bytes} bytes`)
  }
  const { raw, body, auth } = decodeEnvelope(bytes)
  if (body.messages.length === 0 || body.messages.length > TX_LIMITS.messages) {
    throw new CodedError('unsupported_tx', `1 to ${TX_LIMITS.messages} messages`)
  }
  if (body.memo.length > TX_LIMITS.memoCharacters) {
    throw new CodedError('unsupported_tx', 'memo too long')
  }
  if (body.extensionOptions.length + body.nonCriticalExtensionOptions.length > 0) {
    throw new CodedError('unsupported_tx', 'extension options are not supported')
  }
  const messages = body.messages.map((message) => decodeMessage(message.typeUrl, message.value))
  const signers = new Set(messages.map(signerOf))
  const [signer] = signers
  if (signers.size !== 1 || signer === undefined) {
    throw new CodedError('unsupported_tx', 'all messages must have the same signer')
  }
  const signerInfo = auth.signerInfos[0]
  if (auth.signerInfos.length !== 1 || signerInfo === undefined) {
    throw new CodedError('unsupported_tx', 'exactly one signer')
  }
  return {
    hash: sha256(bytes),
    messages,
    signer,
    feeAmount: feeAmount(auth),
    gasLimit: auth.fee?.gasLimit ?? 0n,
    sequence: signerInfo.sequence,
    timeoutHeight: body.timeoutHeight,
    publicKey: publicKeyOf(signerInfo),
    signature: raw.signatures[0] ?? new Uint8Array(0),
    bodyBytes: raw.bodyBytes,
    authInfoBytes: raw.authInfoBytes,
  }
}

/** The bytes that a signature covers (SIGN_MODE_DIRECT). */
export function signDocBytes(tx: DecodedTx, chainId: string, accountNumber: bigint): Uint8Array {
  const { bodyBytes, authInfoBytes } = tx
  return SignDoc.encode({ bodyBytes, authInfoBytes, chainId, accountNumber }).finish()
}

/** The first transaction of every block: σ_h. */
export function encodeRandomnessTx(signature: Uint8Array): Uint8Array {
  const out = new Uint8Array(RANDOMNESS_TX_PREFIX.length + signature.length)
  out.set(RANDOMNESS_TX_PREFIX)
  out.set(signature, RANDOMNESS_TX_PREFIX.length)
  return out
}

/** σ_h, or undefined where the bytes are an ordinary transaction. */
export function decodeRandomnessTx(bytes: Uint8Array): Uint8Array | undefined {
  const isRandomness = RANDOMNESS_TX_PREFIX.every((byte, index) => bytes[index] === byte)
  return isRandomness ? bytes.slice(RANDOMNESS_TX_PREFIX.length) : undefined
}

function decodeEnvelope(bytes: Uint8Array): { raw: TxRaw; body: TxBody; auth: AuthInfo } {
  try {
    const raw = TxRaw.decode(bytes)
    return { raw, body: TxBody.decode(raw.bodyBytes), auth: AuthInfo.decode(raw.authInfoBytes) }
  } catch (cause) {
    throw new CodedError('malformed_tx', 'the transaction cannot be decoded', { cause })
  }
}

function feeAmount(auth: AuthInfo): bigint {
  const coins = auth.fee?.amount ?? []
  const [coin] = coins
  if (coin === undefined) {
    return 0n
  }
  if (coins.length > 1 || coin.denom !== DENOM || !/^[0-9]{1,30}$/.test(coin.amount)) {
    throw new CodedError('unsupported_tx', `a fee is one coin of ${DENOM}`)
  }
  if (auth.fee !== undefined && auth.fee.payer + auth.fee.granter !== '') {
    throw new CodedError('unsupported_tx', 'the signer pays its own fee')
  }
  return BigInt(coin.amount)
}

function publicKeyOf(signerInfo: AuthInfo['signerInfos'][number]): Uint8Array | undefined {
  const mode = signerInfo.modeInfo?.single?.mode
  if (mode !== SignMode.SIGN_MODE_DIRECT && mode !== SignMode.SIGN_MODE_UNSPECIFIED) {
    throw new CodedError('unsupported_tx', 'only SIGN_MODE_DIRECT')
  }
  const any = signerInfo.publicKey
  if (any === undefined || any.value.length === 0) {
    return undefined
  }
  if (any.typeUrl !== '/cosmos.crypto.secp256k1.PubKey') {
    throw new CodedError('unsupported_tx', 'only secp256k1 keys')
  }
  try {
    return PubKey.decode(any.value).key
  } catch (cause) {
    throw new CodedError('malformed_tx', 'the public key cannot be decoded', { cause })
  }
}
