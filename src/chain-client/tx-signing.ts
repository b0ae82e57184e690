/** Signs transactions with whatever holds the key: SIGN_MODE_DIRECT, body and sign document built by CosmJS. */
import type { GeneratedType } from '@cosmjs/proto-signing'
import { encodePubkey, makeAuthInfoBytes, makeSignBytes, makeSignDoc, Registry } from '@cosmjs/proto-signing'
import { CodedError } from '../lib/coded-error.ts'
import { addressOfPublicKey } from '../protocol/address.ts'
import { ACCOUNT_NUMBER } from '../protocol/cosmos.ts'
import { encodeSignedTx } from '../protocol/cosmos-client.ts'
import type { TypedMessage } from '../protocol/messages.ts'
import { MESSAGE_KINDS } from '../protocol/messages.ts'
import { DENOM } from '../protocol/params.ts'
import { publicKeyOf, signBytes } from '../protocol/signature.ts'
import { TX_LIMITS } from '../protocol/tx.ts'

export interface TxSigner {
  readonly address: string
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array
  /** Signs SHA-256 of the document: 64 bytes, deterministic. Rejects with the signer's code, e.g. `wallet_locked`. */
  sign(document: Uint8Array): Promise<Uint8Array>
}

export interface TxFee {
  /** utail; 0 for duties. */
  readonly amount: bigint
  readonly gasLimit: number
}

export interface TxContent {
  readonly messages: readonly TypedMessage[]
  readonly fee: TxFee
  readonly memo: string
  /** 0 = none. */
  readonly timeoutHeight: bigint
  /**
   * Signed once and never anew, with the sequence that the chain names: for what a person confirmed. A sequence that has moved is
   * then a refusal, and `tx_superseded` where it was used up later.
   */
  readonly isSignedOnce?: boolean
}

/** The casts join two declarations of one protobuf writer; the codecs are ts-proto's, which the registry names. */
const REGISTRY = new Registry(
  Object.entries(MESSAGE_KINDS).map(([typeUrl, kind]) => [typeUrl, kind.codec as unknown as GeneratedType] as const),
)

/** Over a raw key. @throws CodedError `invalid_key` */
export function createSigner(secretKey: Uint8Array): TxSigner {
  let publicKey: Uint8Array
  try {
    publicKey = publicKeyOf(secretKey)
  } catch (cause) {
    throw new CodedError('invalid_key', 'not a secp256k1 secret key', { cause })
  }
  return { publicKey, address: addressOfPublicKey(publicKey), sign: async (document) => signBytes(secretKey, document) }
}

/** The bytes to broadcast; the same arguments give the same bytes. @throws CodedError `tx_too_large`; the signer's codes */
export async function signTx(
  content: TxContent,
  signer: TxSigner,
  chainId: string,
  sequence: bigint,
): Promise<Uint8Array> {
  const bodyBytes = REGISTRY.encodeTxBody({
    messages: [...content.messages],
    memo: content.memo,
    timeoutHeight: content.timeoutHeight,
  })
  const pubkey = encodePubkey({ type: 'tendermint/PubKeySecp256k1', value: toBase64(signer.publicKey) })
  const { amount, gasLimit } = content.fee
  const coins = amount === 0n ? [] : [{ denom: DENOM, amount: amount.toString() }]
  const authInfoBytes = makeAuthInfoBytes([{ pubkey, sequence }], coins, gasLimit, undefined, undefined)
  const document = makeSignBytes(makeSignDoc(bodyBytes, authInfoBytes, chainId, ACCOUNT_NUMBER))
  const bytes = encodeSignedTx(bodyBytes, authInfoBytes, await signer.sign(document))
  if (bytes.length > TX_LIMITS.bytes) {
    throw new CodedError('tx_too_large', `a transaction has at most ${TX_LIMITS.bytes} bytes`, {
      fields: { bytes: bytes.length },
    })
  }
  return bytes
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
