/** The host's chain port over the chain client: the same questions, the host's two keys behind names. */
import type { ChainClient } from '../chain-client/create-chain-client.ts'
import { connectChainClient } from '../chain-client/create-chain-client.ts'
import { createSigner } from '../chain-client/tx-signing.ts'
import type { ChainPort } from '../host/ports.ts'
import type { WorkChainPort } from '../host/work/ports.ts'
import { errorCode } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Logger } from '../lib/runtime.ts'
import type { HostKeys } from './host-keys.ts'

export interface ClosableChainPort extends ChainPort {
  readonly work: WorkChainPort
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
    work: createWorkChainPort(client),
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

/** The questions about paid work over the same client. */
export function createWorkChainPort(client: ChainClient): WorkChainPort {
  return {
    models: (end) => client.work.models(end),
    escrow: (payer, end) => client.work.escrow(payer, end),
    lane: (payer, executor, end) => client.work.lane(payer, executor, end),
    roster: (model, height, end) => client.work.roster(model, height, end),
    services: (host, end) => client.work.services(host, end),
    batch: (id, end) => client.work.batch(id, end),
    batches: (host, fromId, end) => client.work.batches(host, fromId, end),
    workDuties: (host, end) => client.work.workDuties(host, end),
    async randomness(height, end) {
      try {
        return await client.randomness(BigInt(height), end)
      } catch (error) {
        if (errorCode(error) === 'query_refused') {
          return undefined
        }
        throw error
      }
    },
    postedWork: (txHash, end) => client.work.postedWork(txHash, end),
  }
}
