/** A developer's API key: made here, funded by a deposit that the developer's own account signs. The key itself is never sent. */
import { join } from 'node:path'
import { z } from 'zod'
import type { ChainClient } from '../chain-client/create-chain-client.ts'
import { createSigner } from '../chain-client/tx-signing.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { Rng } from '../lib/runtime.ts'
import { addressOfPublicKey, encodeAddress } from '../protocol/address.ts'
import { MsgDepositEscrow } from '../protocol/gen/tailrace/v1/tx.ts'
import { publicKeyOf } from '../protocol/signature.ts'
import { createApiKey, sessionKeyOf } from '../protocol/work/session.ts'
import { readPrivateJson, writePrivateJson } from './private-file.ts'

export interface KeyTerms {
  /** utail */
  readonly amount: bigint
  /** Empty = all. */
  readonly models: readonly string[]
  /** utail for a million output tokens, 0 = any. */
  readonly maxPrice: bigint
  /** utail, 0 = what is deposited. */
  readonly spendLimit: bigint
  /** Blocks from now on for which the key is good. */
  readonly expiryBlocks: number
}

export interface CreatedKey {
  readonly apiKey: string
  /** `tail1…` of the escrow. */
  readonly payer: string
  readonly txHash: string
  readonly height: number
}

const KEY_FILE = z.strictObject({ version: z.literal(1), apiKey: z.string().max(64), payer: z.string().max(64) })

/** @throws CodedError `deposit_refused` with the chain's reason; the codes of ChainClient */
export async function createDeveloperKey(
  chain: ChainClient,
  ownerKey: Uint8Array,
  terms: KeyTerms,
  rng: Rng,
  signal: AbortSignal,
): Promise<CreatedKey> {
  const apiKey = createApiKey(rng.bytes(32))
  const session = sessionKeyOf(apiKey)
  if (session === undefined) {
    throw new CodedError('internal', 'a new API key derives a session key')
  }
  const [status, params] = await Promise.all([chain.status(signal), chain.params(signal)])
  const value = MsgDepositEscrow.fromPartial({
    owner: addressOfPublicKey(publicKeyOf(ownerKey)),
    sessionPubkey: session.publicKey,
    amount: terms.amount,
    models: [...terms.models].sort(),
    maxPrice: terms.maxPrice,
    spendLimit: terms.spendLimit,
    expiryHeight: BigInt(status.height + terms.expiryBlocks),
  })
  const outcome = await chain.submit(
    [{ typeUrl: '/tailrace.v1.MsgDepositEscrow', value }],
    { signer: createSigner(ownerKey), fee: { amount: params.feePerMessage, gasLimit: 200_000 } },
    signal,
  )
  if (outcome.code !== 0) {
    throw new CodedError('deposit_refused', `the chain refused the deposit: ${outcome.log}`, {
      fields: { code: outcome.code, codespace: outcome.codespace },
    })
  }
  return { apiKey, payer: encodeAddress(session.payer), txHash: outcome.hash, height: outcome.height }
}

/** The key kept in a developer's folder, where there is one. @throws CodedError `damaged_file` */
export function storedDeveloperKey(home: string): { readonly apiKey: string; readonly payer: string } | undefined {
  const stored = readPrivateJson(join(home, 'api-key.json'), KEY_FILE)
  return stored === undefined ? undefined : { apiKey: stored.apiKey, payer: stored.payer }
}

export function storeDeveloperKey(home: string, key: Pick<CreatedKey, 'apiKey' | 'payer'>): void {
  writePrivateJson(join(home, 'api-key.json'), { version: 1, apiKey: key.apiKey, payer: key.payer })
}
