import type { Genesis, GenesisHost, GenesisModel, GenesisValidator } from '../protocol/genesis.ts'
import type { Params } from '../protocol/params.ts'
import { LOCAL_CHAIN_ID, LOCAL_PARAMS } from '../protocol/params.ts'

/** 1,000,000 TAIL. */
export const LOCAL_DEVELOPER_AMOUNT = 1_000_000_000_000n

export interface LocalGenesisOptions {
  /** Unix milliseconds. */
  readonly timeMs: number
  readonly validators: readonly GenesisValidator[]
  /** The funded account that pays on a local network. */
  readonly developer: { readonly address: string; readonly amount?: bigint }
  readonly hosts: readonly GenesisHost[]
  readonly models?: readonly GenesisModel[]
  readonly chainId?: string
  /** Over LOCAL_PARAMS. */
  readonly params?: Partial<Params>
}

/** What a local network starts from: one funded developer account, the hosts and validators that are handed in. Pure. */
export function createLocalGenesis(options: LocalGenesisOptions): Genesis {
  const { developer } = options
  return {
    chainId: options.chainId ?? LOCAL_CHAIN_ID,
    timeMs: options.timeMs,
    params: { ...LOCAL_PARAMS, ...options.params },
    accounts: [{ address: developer.address, amount: developer.amount ?? LOCAL_DEVELOPER_AMOUNT }],
    validators: options.validators,
    hosts: options.hosts,
    models: options.models ?? [],
  }
}
