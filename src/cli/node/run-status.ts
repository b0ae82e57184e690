import { connectChainClient } from '../../chain-client/create-chain-client.ts'
import { readUpgradeNotice } from '../../chain-node/upgrade.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { cometPeers, cometStatus } from '../../main/cometbft/comet-rpc.ts'
import { readNodeSettings, rpcUrlOf } from '../../main/cometbft/node-settings.ts'
import { SYSTEM_CLOCK } from '../../main/system.ts'
import type { CliContext } from '../context.ts'
import { pairs } from '../layout.ts'
import { emit } from '../with-control.ts'
import type { UpgradePlan } from './upgrade-state.ts'
import { planText, readUpgradeState } from './upgrade-state.ts'

/** Exit code 1 where the node stopped for an upgrade. @throws CodedError `not_a_node`, `chain_unreachable` where it does not run */
export async function runNodeStatus(
  { home, json }: { readonly home: string; readonly json: boolean },
  context: CliContext,
): Promise<number> {
  const settings = readNodeSettings(home)
  if (settings === undefined) {
    throw new CodedError('not_a_node', `${home} is not the folder of a node`, { fields: { home } })
  }
  const notice = readUpgradeNotice(home)
  if (notice !== undefined) {
    const { height, version, name } = notice
    emit(
      context,
      json,
      { running: false, upgrade: notice },
      () => `stopped: block ${height} needs version ${version} of the rules${name === '' ? '' : ` (${name})`}`,
    )
    return 1
  }
  const rpcUrl = rpcUrlOf(settings)
  const [status, peers] = await Promise.all([cometStatus(rpcUrl), cometPeers(rpcUrl)])
  // Before its first block the application answers nothing.
  const plan = status.height === 0 ? null : await acceptedPlan(rpcUrl, context.signal)
  emit(context, json, { running: true, rpc: rpcUrl, ...status, peers, plan }, () =>
    pairs([
      ['Network', `${status.chainId} (CometBFT ${status.cometbft})`],
      ['Height', `${status.height}${status.isCatchingUp ? ', catching up' : ''}, ${status.blockTime}`],
      ['App hash', status.appHash],
      ['Node', `${status.moniker} ${status.nodeId}`],
      ['Validator', `${status.validator.address}, power ${status.validator.power}`],
      ['Peers', peers.length === 0 ? 'none' : `${peers.length}: ${peers.join(', ')}`],
      ['Upgrade', plan === null ? 'none accepted' : `${planText(plan)}: accepted`],
      ['RPC', rpcUrl],
    ]),
  )
  return 0
}

/** @throws CodedError `chain_unreachable`, `malformed_answer` */
async function acceptedPlan(rpcUrl: string, signal: AbortSignal): Promise<UpgradePlan | null> {
  const components = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }
  const chain = await connectChainClient(components, { rpcUrl }, signal)
  try {
    return (await readUpgradeState(chain, signal)).plan
  } finally {
    chain.close()
  }
}
