/** The process behind `tailrace node`: the chain on an embedded engine with its RPC, until it is told to stop. */
import { join } from 'node:path'
import { createApplication } from '../chain/create-application.ts'
import { createChainNode } from '../chain-node/chain-node.ts'
import { readGenesisFile } from '../chain-node/genesis-file.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { Clock, Logger, Rng } from '../lib/runtime.ts'
import { VERSION } from './version.ts'

export interface NodeProcessOptions {
  readonly home: string
  readonly rpcPort: number
}

export interface NodeProcess {
  readonly rpcUrl: string
  /** Rejects with what broke the node. */
  readonly done: Promise<void>
  stop(): Promise<void>
}

/** @throws CodedError `no_genesis`, `invalid_genesis`, `port_taken` and the codes of the block store. */
export async function startNodeProcess(
  components: { readonly clock: Clock; readonly logger: Logger; readonly rng: Rng },
  options: NodeProcessOptions,
): Promise<NodeProcess> {
  const file = join(options.home, 'genesis.json')
  const genesis = readGenesisFile(file)
  if (genesis === undefined) {
    throw new CodedError('no_genesis', `no genesis at ${file}`, { fields: { file } })
  }
  const node = createChainNode(
    { ...components, openApplication: (initialState) => createApplication({ initialState }) },
    { home: options.home, genesis, rpcPort: options.rpcPort, version: VERSION },
  )
  await node.start()
  return { rpcUrl: node.rpcUrl(), done: node.done, stop: () => node.stop() }
}
