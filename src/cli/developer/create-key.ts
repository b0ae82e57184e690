import { connectChainClient } from '../../chain-client/create-chain-client.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { createDeveloperKey } from '../../main/developer-key.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../main/system.ts'
import type { CliContext } from '../context.ts'
import { payerKey } from '../wallet/payer-key.ts'
import { emit } from '../with-control.ts'

export interface KeyArguments {
  readonly home: string
  readonly rpc: string
  readonly amount: bigint
  readonly model: readonly string[]
  readonly 'max-price': bigint
  readonly limit: bigint
  readonly 'expiry-blocks': number
  readonly json: boolean
}

/** Makes an API key, funded from the account whose keys lie in `home`. @throws CodedError `deposit_refused` … */
export async function createKey(args: KeyArguments, context: CliContext): Promise<number> {
  const stopping = new AbortController()
  const components = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }
  const chain = await connectChainClient(components, { rpcUrl: args.rpc }, stopping.signal)
  try {
    const terms = {
      amount: args.amount,
      models: args.model,
      maxPrice: args['max-price'],
      spendLimit: args.limit,
      expiryBlocks: args['expiry-blocks'],
    }
    const ownerKey = await payerKey(args.home, () => context.terminal.askSecret('Passphrase: '))
    const { apiKey, payer, txHash, height } = await createDeveloperKey(
      chain,
      ownerKey,
      terms,
      SYSTEM_RNG,
      stopping.signal,
    )
    emit(
      context,
      args.json,
      { apiKey, payer, txHash, height },
      () =>
        `API key   ${apiKey}\nEscrow    ${payer}\nDeposited ${args.amount} utail in ${txHash} (block ${height})\n` +
        'Keep the key secret: who knows it can spend the escrow. It is shown this once.',
    )
    return 0
  } finally {
    stopping.abort()
    chain.close()
  }
}
