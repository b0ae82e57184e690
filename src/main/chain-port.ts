/** The host's chain port over the chain client: the same questions, the host's two keys behind names. */
import { connectChainClient } from '../chain-client/create-chain-client.ts'
import { createSigner } from '../chain-client/tx-signing.ts'
import type { ChainPort } from '../host/ports.ts'
import type { AbortSignalLike, Clock, Logger } from '../lib/runtime.ts'
import type { HostKeys } from './host-keys.ts'

export interface ClosableChainPort extends ChainPort {
  close(): Promise<void>
}

/** @throws CodedError `chain_unreachable`, `wrong_chain`, `malformed_answer` */
export async function connectChainPort(
  components: { readonly clock: Clock; readonly logger: Logger },
  options: { readonly rpcUrl: string; readonly keys: Pick<HostKeys, 'ownerKey' | 'deviceKey'> },
  signal: AbortSignalLike,
): Promise<ClosableChainPort> {
  const client = await connectChainClient(components, { rpcUrl: options.rpcUrl }, signal)
  const signers = { owner: createSigner(options.keys.ownerKey), device: createSigner(options.keys.deviceKey) }
  return {
    chainId: client.chainId,
    params: (end) => client.params(end),
    epoch: (end) => client.epoch(end),
    host: (address, end) => client.host(address, end),
    hosts: (end) => client.hosts(end),
    assignment: (epoch, verifier, end) => client.assignment(epoch, verifier, end),
    openings: (epoch, end) => client.openings(epoch, end),
    finds: (epoch, host, end) => client.finds(epoch, host, end),
    ledger: (host, fromSequence, end) => client.ledger(host, fromSequence, end),
    balance: (address, end) => client.balance(address, end),
    appHash: (height, end) => client.appHash(height, end),
    submit: (messages, key, end) => client.submit(messages, { signer: signers[key] }, end),
    onBlock: (listener) => client.onBlock(listener),
    onConnection: (listener) => client.onConnection(listener),
    close: async () => client.close(),
  }
}
