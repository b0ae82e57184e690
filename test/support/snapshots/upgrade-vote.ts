import { connectChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { createSigner } from '../../../src/chain-client/tx-signing.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { openIdentity } from '../../../src/main/cometbft/comet-home.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import { MsgVoteUpgrade } from '../../../src/protocol/gen/tailrace/v1/tx.ts'

/** The vote of the validator whose home this is, through its own node. @throws Error with what the node said */
export async function voteForUpgrade(
  { home, rpcUrl }: { readonly home: string; readonly rpcUrl: string },
  plan: { readonly height: bigint; readonly version: number; readonly name: string },
): Promise<void> {
  const { account, validatorKey } = openIdentity(home, SYSTEM_RNG)
  const { signal } = new AbortController()
  const client = await connectChainClient({ clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }, { rpcUrl }, signal)
  try {
    const signer = createSigner(account.secretKey)
    const value = MsgVoteUpgrade.fromPartial({ signer: signer.address, validator: validatorKey.address, ...plan })
    const { code, log } = await client.submitSync(
      [{ typeUrl: '/tailrace.v1.MsgVoteUpgrade', value }],
      { signer },
      signal,
    )
    if (code !== 0) {
      throw new Error(`the vote was refused: ${code} ${log}`)
    }
  } finally {
    client.close()
  }
}
