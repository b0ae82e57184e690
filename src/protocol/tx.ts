/**
 * A Cosmos transaction, decoded with bounds (TxRaw of cosmos.tx.v1beta1, SIGN_MODE_DIRECT, one signer). The raw body and
 * auth bytes are kept: signatures cover the bytes as they came, never a re-encoding.
 * Invariant: every layer is in canonical form (Cosmos ADR-027), so nobody but its signer can give a transaction another
 * hash, and whether bytes decode is the same on every machine, whatever nesting they carry.
 */
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { SignMode } from 'cosmjs-types/cosmos/tx/signing/v1beta1/signing'
import { AuthInfo, SignDoc, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { equalBytes } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { sha256 } from './hash.ts'
import type { TypedMessage } from './messages.ts'
import { decodeMessage, signerOf } from './messages.ts'
import { DENOM } from './params.ts'
import { PUBLIC_KEY_BYTES } from './signature.ts'

export const TX_LIMITS = {
  bytes: 128 * 1024,
  /** About ten times what one signer needs; it also bounds how deep a mode can nest, far below any stack. */
  authInfoBytes: 2_048,
  messages: 8,
  memoCharacters: 256,
} as const

const MAX_CHAIN_ID_CHARACTERS = 64
/** Of every account (cosmos.ts). */
const ACCOUNT_NUMBER = 0n

/** First bytes of the transaction that carries σ_h: no canonical TxRaw starts with them (field 0 does not exist). */
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
  if (body.unordered || body.timeoutTimestamp !== undefined) {
    throw new CodedError('unsupported_tx', 'transactions are ordered by sequence and time out by height')
  }
  const messages = body.messages.map((message) => decodeMessage(message.typeUrl, message.value))
  const signers = new Set(messages.map(signerOf))
  const [signer] = signers
  if (signers.size !== 1 || signer === undefined) {
    throw new CodedError('unsupported_tx', 'all messages must have the same signer')
  }
  const signerInfo = auth.signerInfos[0]
  if (auth.signerInfos.length !== 1 || signerInfo === undefined || raw.signatures.length > 1) {
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
export function signDocBytes(
  tx: Pick<DecodedTx, 'bodyBytes' | 'authInfoBytes'>,
  chainId: string,
  accountNumber: bigint,
): Uint8Array {
  const { bodyBytes, authInfoBytes } = tx
  return SignDoc.encode({ bodyBytes, authInfoBytes, chainId, accountNumber }).finish()
}

export interface SignDocument
  extends Pick<DecodedTx, 'messages' | 'signer' | 'feeAmount' | 'sequence' | 'timeoutHeight' | 'publicKey'> {
  readonly chainId: string
  readonly memo: string
}

/** What a signer is asked to sign, within the bounds of the transaction that comes of it. @throws CodedError as `decodeTx` */
export function decodeSignDocument(document: Uint8Array): SignDocument {
  if (document.length > TX_LIMITS.bytes) {
    throw new CodedError('tx_too_large', `a transaction has at most ${TX_LIMITS.bytes} bytes`)
  }
  const { bodyBytes, authInfoBytes, chainId, accountNumber } = decodeCanonical(SignDoc, document)
  if (accountNumber !== ACCOUNT_NUMBER || chainId.length > MAX_CHAIN_ID_CHARACTERS) {
    throw new CodedError('malformed_tx', 'account number or chain id out of bounds')
  }
  const raw = TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [] }).finish()
  const { messages, signer, feeAmount, sequence, timeoutHeight, publicKey } = decodeTx(raw)
  const { memo } = TxBody.decode(bodyBytes)
  return { messages, signer, feeAmount, sequence, timeoutHeight, publicKey, chainId, memo }
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
  const raw = decodeCanonical(TxRaw, bytes)
  if (raw.authInfoBytes.length > TX_LIMITS.authInfoBytes) {
    throw new CodedError('malformed_tx', `auth info has at most ${TX_LIMITS.authInfoBytes} bytes`)
  }
  return { raw, body: decodeCanonical(TxBody, raw.bodyBytes), auth: decodeCanonical(AuthInfo, raw.authInfoBytes) }
}

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}

/** Unknown fields never survive the comparison, so bytes that only a deep stack can skip are refused everywhere alike. */
function decodeCanonical<T>(codec: Codec<T>, bytes: Uint8Array): T {
  let message: T
  let encoded: Uint8Array
  try {
    message = codec.decode(bytes)
    encoded = codec.encode(message).finish()
  } catch (cause) {
    throw new CodedError('malformed_tx', 'the transaction cannot be decoded', { cause })
  }
  if (!equalBytes(encoded, bytes)) {
    throw new CodedError('malformed_tx', 'the transaction is not in canonical form')
  }
  return message
}

function feeAmount(auth: AuthInfo): bigint {
  if (auth.tip !== undefined || (auth.fee !== undefined && auth.fee.payer + auth.fee.granter !== '')) {
    throw new CodedError('unsupported_tx', 'the signer pays its own fee, and no tip')
  }
  const coins = auth.fee?.amount ?? []
  const [coin] = coins
  if (coin === undefined) {
    return 0n
  }
  if (coins.length > 1 || coin.denom !== DENOM || !/^[0-9]{1,30}$/.test(coin.amount)) {
    throw new CodedError('unsupported_tx', `a fee is one coin of ${DENOM}`)
  }
  return BigInt(coin.amount)
}

function publicKeyOf(signerInfo: AuthInfo['signerInfos'][number]): Uint8Array | undefined {
  const mode = signerInfo.modeInfo?.single?.mode
  const isDirect = mode === SignMode.SIGN_MODE_DIRECT || mode === SignMode.SIGN_MODE_UNSPECIFIED
  if (!isDirect || signerInfo.modeInfo?.multi !== undefined) {
    throw new CodedError('unsupported_tx', 'only SIGN_MODE_DIRECT')
  }
  const any = signerInfo.publicKey
  if (any === undefined || any.value.length === 0) {
    return undefined
  }
  if (any.typeUrl !== '/cosmos.crypto.secp256k1.PubKey') {
    throw new CodedError('unsupported_tx', 'only secp256k1 keys')
  }
  const { key } = decodeCanonical(PubKey, any.value)
  if (key.length !== PUBLIC_KEY_BYTES) {
    throw new CodedError('malformed_tx', `a public key has ${PUBLIC_KEY_BYTES} bytes`)
  }
  return key
}
