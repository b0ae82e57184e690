import { hostname } from 'node:os'
import { readGenesisFile } from '../../chain-node/genesis-file.ts'
import { createLocalGenesis } from '../../chain-node/local-genesis.ts'
import { genesisValidatorOf } from '../../chain-node/validator-key.ts'
import { toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { NodeIdentity } from '../../main/cometbft/comet-home.ts'
import { genesisPath, initNodeHome, openIdentity } from '../../main/cometbft/comet-home.ts'
import type { NodeSettings } from '../../main/cometbft/node-settings.ts'
import {
  canUseUnixSocket,
  defaultNodeSettings,
  NODE_PORTS,
  nodeSettingsFile,
} from '../../main/cometbft/node-settings.ts'
import { builtInGenesisModels } from '../../main/network/genesis-parts.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../main/system.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import { BUILT_IN_MODELS_FOLDER } from '../built-files.ts'
import type { CliContext } from '../context.ts'
import { emit } from '../with-control.ts'

interface InitArguments {
  readonly home: string
  readonly genesis: string | undefined
  readonly 'chain-id': string | undefined
  readonly moniker: string
  readonly peer: readonly string[]
  readonly json: boolean
}

const GENESIS_POWER = 1_000_000n

/** @throws CodedError `bad_usage`, `no_genesis`, `genesis_mismatch`, `invalid_genesis`, `damaged_file`, `validator_key_damaged` */
export async function runNodeInit(args: InitArguments, context: CliContext): Promise<number> {
  const identity = openIdentity(args.home, SYSTEM_RNG)
  const genesis = await genesisFor(args, identity)
  initNodeHome(args.home, SYSTEM_RNG, { settings: settingsFor(args), genesis })
  const kept = readGenesisFile(genesisPath(args.home))
  const document = {
    home: args.home,
    chainId: kept?.chainId ?? null,
    nodeId: identity.nodeId,
    validator: toHex(identity.validatorKey.address).toUpperCase(),
    account: identity.account.address,
    settings: nodeSettingsFile(args.home),
  }
  emit(context, args.json, document, () =>
    [
      `Node       ${document.nodeId} (others name it by id@host:${NODE_PORTS.p2p})`,
      `Validator  ${document.validator}, no power until it is registered (tailrace node register)`,
      `Account    ${document.account}`,
      `Network    ${document.chainId ?? `none yet: put its genesis.json into ${args.home}`}`,
      `Settings   ${document.settings}`,
    ].join('\n'),
  )
  return 0
}

async function genesisFor(args: InitArguments, identity: NodeIdentity): Promise<Genesis | undefined> {
  if (args.genesis !== undefined && args['chain-id'] !== undefined) {
    throw new CodedError('bad_usage', '--genesis names a network that is there, --chain-id begins another: give one', {
      fields: { command: 'node init' },
    })
  }
  if (args.genesis !== undefined) {
    const genesis = readGenesisFile(args.genesis)
    if (genesis === undefined) {
      throw new CodedError('no_genesis', `no genesis at ${args.genesis}`, { fields: { file: args.genesis } })
    }
    return genesis
  }
  const chainId = args['chain-id']
  // A second `init` on the same folder begins nothing anew.
  const kept = readGenesisFile(genesisPath(args.home))
  return chainId === undefined || kept?.chainId === chainId ? undefined : newGenesis(chainId, identity)
}

/** Its only validator is a key without a host, which bootstraps the network; its account has the money to begin with. */
async function newGenesis(chainId: string, { validatorKey, account }: NodeIdentity): Promise<Genesis> {
  return createLocalGenesis({
    timeMs: SYSTEM_CLOCK.nowMs(),
    chainId,
    validators: [{ ...genesisValidatorOf(validatorKey, GENESIS_POWER), nodePublicKey: account.publicKey }],
    developer: { address: account.address },
    hosts: [],
    models: await builtInGenesisModels(BUILT_IN_MODELS_FOLDER),
  })
}

function settingsFor({ home, moniker, peer }: InitArguments): NodeSettings {
  const base = defaultNodeSettings(moniker === '' ? hostname().slice(0, 64) : moniker)
  return {
    ...base,
    p2p: { ...base.p2p, persistentPeers: [...peer] },
    abci: canUseUnixSocket(home) ? 'unix' : NODE_PORTS.abci,
  }
}
