import type { ChainClient } from '../../chain-client/create-chain-client.ts'
import { toHex } from '../../lib/bytes.ts'
import { percent } from '../layout.ts'

/** How the validators stand to upgrades; shares are of the power, from 0 to 1,000,000. */
export interface UpgradeState {
  /** Version of the rules that is in force. */
  readonly appVersion: number
  /** Null: none is accepted. */
  readonly plan: UpgradePlan | null
  readonly votes: readonly UpgradeVote[]
}

export interface UpgradePlan {
  /** First block under the new rules; in a vote 0: for no upgrade. */
  readonly height: number
  readonly version: number
  readonly name: string
}

export interface UpgradeVote extends UpgradePlan {
  /** Consensus address as CometBFT writes it. */
  readonly validator: string
  readonly share: number
}

/** @throws CodedError `chain_unreachable`, `malformed_answer` */
export async function readUpgradeState(
  chain: Pick<ChainClient, 'upgrade'>,
  signal: AbortSignal,
): Promise<UpgradeState> {
  const { plan, appVersion, votes } = await chain.upgrade(signal)
  return {
    appVersion,
    plan: plan === undefined ? null : { height: Number(plan.height), version: plan.version, name: plan.name },
    votes: votes.map(({ validator, height, version, name, powerPpm }) => ({
      validator: toHex(validator).toUpperCase(),
      height: Number(height),
      version,
      name,
      share: Number(powerPpm),
    })),
  }
}

/** For people: what is accepted, and for each plan that somebody votes for the share behind it. */
export function upgradeLines({ appVersion, plan, votes }: UpgradeState): string[] {
  const choices = new Map<string, { readonly text: string; share: number }>()
  for (const vote of votes) {
    const text = vote.height === 0 ? 'no upgrade' : planText(vote)
    const choice = choices.get(text) ?? { text, share: 0 }
    choices.set(text, { text, share: choice.share + vote.share })
  }
  return [
    plan === null
      ? `No upgrade is accepted: version ${appVersion} of the rules stays.`
      : `Accepted: ${planText(plan)}. This node stops before that block; go on with the new program then.`,
    ...[...choices.values()]
      .sort((a, b) => b.share - a.share)
      .map(({ text, share }) => `  ${percent(share)} of the power for ${text} (more than 66.67 % are needed)`),
  ]
}

/** `version 2 from block 120000 on (v2.0.0)` */
export function planText({ height, version, name }: UpgradePlan): string {
  return `version ${version} from block ${height} on${name === '' ? '' : ` (${name})`}`
}
