import { connectChainClient } from '../chain-client/create-chain-client.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import { createDeveloperKey } from '../main/developer-key.ts'
import { loadOrCreateHostKeys } from '../main/host-keys.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../main/system.ts'
import type { KeyCreateArguments } from './arguments.ts'

/** Makes an API key, funded from the account whose keys lie in --home. */
export async function runKeyCreate(args: KeyCreateArguments): Promise<number> {
  const stopping = new AbortController()
  const components = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }
  const chain = await connectChainClient(components, { rpcUrl: args.rpc }, stopping.signal)
  try {
    const created = await createDeveloperKey(
      chain,
      loadOrCreateHostKeys(args.home, SYSTEM_RNG).ownerKey,
      {
        amount: args.amount,
        models: args.model,
        maxPrice: args['max-price'],
        spendLimit: args.limit,
        expiryBlocks: args['expiry-blocks'],
      },
      SYSTEM_RNG,
      stopping.signal,
    )
    const { apiKey, payer, txHash, height } = created
    process.stdout.write(
      args.json
        ? `${JSON.stringify({ apiKey, payer, txHash, height })}\n`
        : `API key   ${apiKey}\nEscrow    ${payer}\nDeposited ${args.amount} utail in ${txHash} (block ${height})\n` +
            'Keep the key secret: who knows it can spend the escrow. It is shown this once.\n',
    )
    return 0
  } finally {
    stopping.abort()
    chain.close()
  }
}
