/**
 * Whether a receipt holds: first by itself (protocol/work/bundle.ts), then against what the chain says. The chain forgets a batch
 * epochs after its end; the transaction that brought it stays in a block, so a receipt holds as long as blocks are kept.
 */
import type { ChainClient } from '../chain-client/create-chain-client.ts'
import { equalBytes } from '../lib/bytes.ts'
import { addressOfPublicKey, encodeAddress } from '../protocol/address.ts'
import type { ReceiptBundle } from '../protocol/gen/tailrace/v1/work.ts'
import { BUNDLE_CHECKS, decodeBundle, verifyBundle } from '../protocol/work/bundle.ts'

export const CHAIN_CHECKS = [
  'network_is_the_receipts',
  'batch_on_chain',
  'executor_key_on_chain',
  'not_refunded',
] as const

export interface NamedCheck {
  readonly name: (typeof BUNDLE_CHECKS)[number] | (typeof CHAIN_CHECKS)[number]
  readonly result: 'ok' | 'failed' | 'absent'
}

export interface ReceiptReport {
  readonly valid: boolean
  readonly checks: readonly NamedCheck[]
  readonly batch: bigint
  readonly txHash: string
  readonly price: bigint
  readonly promptTokens: number
  readonly outputTokens: number
}

export type AskedChain = Pick<ChainClient, 'chainId' | 'work'>

/** Without a chain: everything that needs none. @throws CodedError `malformed_bundle` */
export async function checkReceipt(
  text: string,
  chain: AskedChain | undefined,
  signal: AbortSignal,
): Promise<ReceiptReport> {
  const bundle = decodeBundle(text)
  const offline = verifyBundle(bundle)
  const checks: NamedCheck[] = BUNDLE_CHECKS.map((name) => ({ name, result: offline.checks[name] }))
  if (chain !== undefined) {
    checks.push(...(await askChain(bundle, chain, signal)))
  }
  const receipt = bundle.opening?.receipt?.receipt
  return {
    valid: checks.every(({ result }) => result !== 'failed'),
    checks,
    batch: bundle.batch,
    txHash: bundle.txHash,
    price: receipt?.price ?? 0n,
    promptTokens: receipt?.promptTokens ?? 0,
    outputTokens: receipt?.outputTokens ?? 0,
  }
}

interface ChainBatch {
  readonly root: Uint8Array
  readonly sum: bigint
  readonly leaves: number
  readonly executor: string
  readonly height: bigint
  readonly txHash: string
  readonly isSigner: (devicePublicKey: Uint8Array) => boolean
  /** Whether the batch, or this receipt of it, went back to its payer; undefined where the chain has forgotten. */
  readonly isRefunded: boolean | undefined
}

async function askChain(bundle: ReceiptBundle, chain: AskedChain, signal: AbortSignal): Promise<NamedCheck[]> {
  const batch = (await knownBatch(bundle, chain, signal)) ?? (await sentBatch(bundle, chain, signal))
  const isThere =
    batch !== undefined &&
    equalBytes(batch.root, bundle.root) &&
    batch.executor === encodeAddress(bundle.opening?.receipt?.receipt?.executor ?? new Uint8Array(0)) &&
    batch.sum === bundle.sum &&
    batch.leaves === bundle.leaves &&
    // 0 where the chain had forgotten it when the receipt was fetched.
    (bundle.height === 0n || batch.height === bundle.height) &&
    batch.txHash === bundle.txHash
  return [
    { name: 'network_is_the_receipts', result: word(chain.chainId === bundle.chainId) },
    { name: 'batch_on_chain', result: word(isThere) },
    { name: 'executor_key_on_chain', result: word(batch?.isSigner(bundle.devicePubkey) === true) },
    {
      name: 'not_refunded',
      result: batch !== undefined && batch.isRefunded === undefined ? 'absent' : word(batch?.isRefunded === false),
    },
  ]
}

async function knownBatch(
  { batch: id, opening }: ReceiptBundle,
  chain: AskedChain,
  signal: AbortSignal,
): Promise<ChainBatch | undefined> {
  const { batch, checks } = await chain.work.batch(id, signal)
  if (batch === undefined) {
    return undefined
  }
  const isVoid = checks.some(
    (check) => check.state === 'void' && check.opening !== undefined && check.opening.index === opening?.index,
  )
  return {
    ...batch,
    executor: encodeAddress(batch.executor),
    isSigner: (key) => equalBytes(key, batch.devicePubkey),
    isRefunded: batch.state === 'refunded' || isVoid,
  }
}

async function sentBatch(
  { batch: id, txHash }: ReceiptBundle,
  chain: AskedChain,
  signal: AbortSignal,
): Promise<ChainBatch | undefined> {
  const sent = txHash === '' ? [] : await chain.work.submittedBatches(txHash, signal)
  const found = sent.find((one) => one.id === id)
  return (
    found && {
      ...found.message,
      executor: found.executor,
      height: BigInt(found.height),
      txHash,
      isSigner: (key) => addressOfPublicKey(key) === found.message.signer,
      isRefunded: undefined,
    }
  )
}

function word(holds: boolean): 'ok' | 'failed' {
  return holds ? 'ok' : 'failed'
}
