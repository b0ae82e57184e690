/**
 * The developer of a local network: the account that its genesis funds, and an API key of it for this computer's gateway. The key
 * is made once and kept; a network that was begun anew gets another.
 */
import { join } from 'node:path'
import { connectChainClient } from '../chain-client/create-chain-client.ts'
import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import { decodeAddress } from '../protocol/address.ts'
import { createDeveloperKey, storeDeveloperKey, storedDeveloperKey } from './developer-key.ts'
import { loadOrCreateHostKeys } from './host-keys.ts'

/** 10,000 TAIL. */
const DEPOSIT = 10_000_000_000n
/** Longer than anybody keeps a local network: a year of one-second blocks. */
const EXPIRY_BLOCKS = 31_536_000

export interface LocalDeveloperKey {
  readonly apiKey: string
  /** `tail1…` of the escrow. */
  readonly payer: string
}

/** @throws CodedError `deposit_refused`, `chain_unreachable`, `damaged_file` */
export async function ensureLocalDeveloper(
  components: { readonly clock: Clock; readonly logger: Logger; readonly rng: Rng },
  options: { readonly home: string; readonly rpcUrl: string },
  signal: AbortSignal,
): Promise<LocalDeveloperKey> {
  const { clock, logger, rng } = components
  const chain = await connectChainClient({ clock, logger }, { rpcUrl: options.rpcUrl }, signal)
  try {
    const stored = storedDeveloperKey(options.home)
    const known = stored && (await chain.work.escrow(decodeAddress(stored.payer), signal)).escrow
    if (stored !== undefined && known !== undefined) {
      return stored
    }
    const { ownerKey } = loadOrCreateHostKeys(options.home, rng)
    const terms = { amount: DEPOSIT, models: [], maxPrice: 0n, spendLimit: 0n, expiryBlocks: EXPIRY_BLOCKS }
    const created = await createDeveloperKey(chain, ownerKey, terms, rng, signal)
    storeDeveloperKey(options.home, created)
    logger.log('info', 'API key made', { payer: created.payer, file: join(options.home, 'api-key.json') })
    return created
  } finally {
    chain.close()
  }
}
