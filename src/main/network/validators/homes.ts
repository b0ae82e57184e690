/** The folders of a network of validators: keys, one genesis, each node's settings. Invariant: what is there stays. */
import { readGenesisFile } from '../../../chain-node/genesis-file.ts'
import { createLocalGenesis } from '../../../chain-node/local-genesis.ts'
import { genesisValidatorOf } from '../../../chain-node/validator-key.ts'
import type { Clock, Rng } from '../../../lib/runtime.ts'
import { addressOfPublicKey } from '../../../protocol/address.ts'
import type { Genesis } from '../../../protocol/genesis.ts'
import type { Params } from '../../../protocol/params.ts'
import { publicKeyOf } from '../../../protocol/signature.ts'
import type { NodeIdentity } from '../../cometbft/comet-home.ts'
import { genesisPath, initNodeHome, openIdentity } from '../../cometbft/comet-home.ts'
import type { NodeSettings } from '../../cometbft/node-settings.ts'
import { canUseUnixSocket, defaultNodeSettings } from '../../cometbft/node-settings.ts'
import { loadOrCreateHostKeys } from '../../host-keys.ts'
import { builtInGenesisModels, genesisHostOf } from '../genesis-parts.ts'
import type { ValidatorPlan } from './plan.ts'
import { developerHome, hostHome, validatorHome, validatorHostHome } from './plan.ts'

/** Of each validator until a race has counted. */
const VALIDATOR_POWER = 1_000_000n
const LOOPBACK = '127.0.0.1'

export interface HomesOptions {
  readonly home: string
  readonly plan: ValidatorPlan
  /** Models that come with the program: what the network sells. */
  readonly builtInModels: string
  readonly chainId?: string | undefined
  /** Over the local network's. */
  readonly params?: Partial<Params> | undefined
}

/** @throws CodedError `damaged_file`, `validator_key_damaged`, `genesis_mismatch`, `invalid_genesis` */
export async function settleHomes(
  components: { readonly clock: Clock; readonly rng: Rng },
  options: HomesOptions,
): Promise<{ readonly genesis: Genesis; readonly nodes: readonly NodeIdentity[] }> {
  const { home, plan } = options
  const kept = readGenesisFile(genesisPath(validatorHome(home, 0)))
  const genesis = kept ?? (await composeGenesis(components, options))
  const identities = plan.validators.map((_validator, index) =>
    openIdentity(validatorHome(home, index), components.rng),
  )
  const nodes = plan.validators.map((_validator, index) => {
    const settings = nodeSettings(options, index, identities)
    return initNodeHome(validatorHome(home, index), components.rng, { settings, genesis })
  })
  return { genesis, nodes }
}

async function composeGenesis(
  { clock, rng }: { readonly clock: Clock; readonly rng: Rng },
  { home, plan, builtInModels, chainId, params }: HomesOptions,
): Promise<Genesis> {
  const owners = await Promise.all(
    plan.validators.map((_validator, index) =>
      genesisHostOf(loadOrCreateHostKeys(validatorHostHome(home, index), rng), `validator-${index + 1}`),
    ),
  )
  const hosts = await Promise.all(
    plan.hosts.map((_host, index) =>
      genesisHostOf(loadOrCreateHostKeys(hostHome(home, index), rng), `host-${index + 1}`),
    ),
  )
  const { ownerKey } = loadOrCreateHostKeys(developerHome(home), rng)
  return createLocalGenesis({
    timeMs: clock.nowMs(),
    validators: owners.map(({ owner }, index) => {
      const { validatorKey, account } = openIdentity(validatorHome(home, index), rng)
      return { ...genesisValidatorOf(validatorKey, VALIDATOR_POWER), owner, nodePublicKey: account.publicKey }
    }),
    developer: { address: addressOfPublicKey(publicKeyOf(ownerKey)) },
    hosts: [...owners, ...hosts],
    models: await builtInGenesisModels(builtInModels),
    ...(chainId !== undefined && { chainId }),
    ...(params !== undefined && { params }),
  })
}

/** Each knows all others by name, so addresses are not exchanged. */
function nodeSettings({ home, plan }: HomesOptions, index: number, nodes: readonly NodeIdentity[]): NodeSettings {
  const base = defaultNodeSettings(`validator-${index + 1}`)
  const own = plan.validators[index]
  if (own === undefined) {
    throw new RangeError(`the plan has no validator ${index}`)
  }
  const persistentPeers = plan.validators.flatMap(({ p2p }, other) =>
    other === index ? [] : [`${nodes[other]?.nodeId}@${LOOPBACK}:${p2p}`],
  )
  return {
    ...base,
    rpc: { ...base.rpc, port: own.rpc },
    p2p: { ...base.p2p, host: LOOPBACK, port: own.p2p, persistentPeers, pex: false },
    metrics: { cometPort: own.cometMetrics, appPort: own.appMetrics },
    abci: canUseUnixSocket(validatorHome(home, index)) ? 'unix' : own.abci,
  }
}
