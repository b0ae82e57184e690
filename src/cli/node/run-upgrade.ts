import { isTxCodeOf } from '../../chain/tx-codes.ts'
import type { ChainClient } from '../../chain-client/create-chain-client.ts'
import { connectChainClient } from '../../chain-client/create-chain-client.ts'
import { createSigner } from '../../chain-client/tx-signing.ts'
import { toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { openIdentity } from '../../main/cometbft/comet-home.ts'
import { readNodeSettings, rpcUrlOf } from '../../main/cometbft/node-settings.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../main/system.ts'
import { MsgVoteUpgrade } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { CliContext } from '../context.ts'
import { emit } from '../with-control.ts'
import type { UpgradeState } from './upgrade-state.ts'
import { readUpgradeState, upgradeLines } from './upgrade-state.ts'

interface UpgradeArguments {
  readonly home: string
  readonly height: number | undefined
  readonly version: number | undefined
  readonly name: string
  readonly url: string | undefined
  readonly withdraw: boolean
  readonly json: boolean
}

type Vote = Pick<MsgVoteUpgrade, 'height' | 'version' | 'name'>

/** The codes of the chain that say by themselves what is to be done (sentences.ts). */
const TOLD_REFUSALS = ['unknown_validator', 'not_the_validator', 'upgrade_invalid'] as const

/** @throws CodedError `not_a_node`, `bad_usage`, `vote_refused` or the chain's own code, `chain_unreachable` … */
export async function runNodeUpgrade(args: UpgradeArguments, context: CliContext): Promise<number> {
  const { home, json } = args
  const settings = readNodeSettings(home)
  if (settings === undefined) {
    throw new CodedError('not_a_node', `${home} is not the folder of a node`, { fields: { home } })
  }
  const vote = voteOf(args)
  const chain = await connectChainClient(
    { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER },
    { rpcUrl: rpcUrlOf(settings) },
    context.signal,
  )
  try {
    const sent = vote && (await castVote(chain, home, vote, context.signal))
    const state = await readUpgradeState(chain, context.signal)
    emit(context, json, { vote: sent ?? null, ...state }, () =>
      [...sentLines(sent, state), ...upgradeLines(state)].join('\n'),
    )
    return 0
  } finally {
    chain.close()
  }
}

/** Undefined where none is to be given. @throws CodedError `bad_usage` where it is only half said */
function voteOf({ height, version, name, url, withdraw }: UpgradeArguments): Vote | undefined {
  const isPlan = height !== undefined || version !== undefined || name !== '' || url !== undefined
  if (withdraw && !isPlan) {
    return { height: 0n, version: 0, name: '' }
  }
  if (!(withdraw || isPlan)) {
    return undefined
  }
  if (withdraw || height === undefined || version === undefined) {
    const message = withdraw ? '--withdraw votes for no plan' : 'a vote needs --height and --version'
    throw new CodedError('bad_usage', message, { fields: { command: 'node upgrade' } })
  }
  return { height: BigInt(height), version, name: [name, url ?? ''].filter((part) => part !== '').join(' ') }
}

interface SentVote {
  readonly validator: string
  readonly height: number
  readonly version: number
  readonly name: string
  readonly txHash: string
  readonly block: number
}

/** Signed by the account of the node, as its heartbeats; no fee. */
async function castVote(chain: ChainClient, home: string, vote: Vote, signal: AbortSignal): Promise<SentVote> {
  const { account, validatorKey } = openIdentity(home, SYSTEM_RNG)
  const signer = createSigner(account.secretKey)
  const value = MsgVoteUpgrade.fromPartial({ signer: signer.address, validator: validatorKey.address, ...vote })
  const message = { typeUrl: '/tailrace.v1.MsgVoteUpgrade', value } as const
  const { code, codespace, log, hash, height } = await chain.submit([message], { signer }, signal)
  if (code !== 0) {
    const word = TOLD_REFUSALS.find((each) => isTxCodeOf(each, codespace, code)) ?? 'vote_refused'
    throw new CodedError(word, `the chain refused the vote: ${log}`, { fields: { code, codespace } })
  }
  const validator = toHex(validatorKey.address).toUpperCase()
  return { validator, ...vote, height: Number(vote.height), txHash: hash, block: height }
}

function sentLines(sent: SentVote | undefined, { votes }: UpgradeState): string[] {
  if (sent === undefined) {
    return []
  }
  const { validator, height, version, txHash, block } = sent
  const share = votes.find((vote) => vote.validator === validator)?.share ?? 0
  const choice = height === 0 ? 'no upgrade' : `version ${version} of the rules from block ${height} on`
  return [
    `Voted for ${choice} (${txHash}, block ${block}).`,
    ...(share === 0 ? ['This validator has no power at present: its vote counts nothing until it has some.'] : []),
  ]
}
