import { BLOCK_LIMITS } from '../../chain/application.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import type { AbciInitChain } from '../../protocol/abci/codec.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import { decodeGenesis, genesisHash, genesisToJson } from '../genesis-file.ts'
import { timeMsOf } from './block-input.ts'

/**
 * Whether CometBFT starts the network of our genesis file: same chain id, time, validators, state, and the consensus parameters
 * that the rules of blocks count on. Ours is the file in the home folder, because a node that joins by a snapshot is never told.
 * @throws CodedError `genesis_mismatch` saying what differs
 */
export function checkGenesis(request: AbciInitChain, genesis: Genesis): void {
  const differs = differenceOf(request, genesis)
  if (differs !== undefined) {
    throw new CodedError('genesis_mismatch', `CometBFT's genesis is not that of the application: ${differs}`)
  }
}

function differenceOf(request: AbciInitChain, genesis: Genesis): string | undefined {
  const { chainId, time, initialHeight, consensusParams, validators } = request
  if (chainId !== genesis.chainId) {
    return `chain id ${chainId.slice(0, 64)}, here ${genesis.chainId}`
  }
  if (timeMsOf(time) !== BigInt(genesis.timeMs) || initialHeight !== 1n) {
    return 'another time or first height'
  }
  if (consensusParams?.block?.maxBytes !== BigInt(BLOCK_LIMITS.bytes) || consensusParams.block.maxGas !== -1n) {
    return `blocks of ${consensusParams?.block?.maxBytes} bytes, here ${BLOCK_LIMITS.bytes} and any gas`
  }
  if ((consensusParams.abci?.voteExtensionsEnableHeight ?? 0n) !== 0n) {
    return 'vote extensions are not used here'
  }
  const isSameSet =
    validators.length === genesis.validators.length &&
    genesis.validators.every(({ consensusKey, power }) =>
      validators.some((other) => other.power === power && equalBytes(other.pubKey.ed25519 ?? EMPTY, consensusKey)),
    )
  return isSameSet ? stateDifference(request.appStateBytes, genesis) : 'other validators'
}

const EMPTY = new Uint8Array(0)

/** Our own genesis with CometBFT's state in it must be our own genesis: white space and unknown fields do not count. */
function stateDifference(appState: Uint8Array, genesis: Genesis): string | undefined {
  try {
    const ours = genesisToJson(genesis) as Record<string, unknown>
    const theirs = decodeGenesis(JSON.stringify({ ...ours, app_state: JSON.parse(new TextDecoder().decode(appState)) }))
    const [given, own] = [toHex(genesisHash(theirs)), toHex(genesisHash(genesis))]
    return given === own ? undefined : `another app_state (genesis ${given}, here ${own})`
  } catch (error) {
    return errorMessage(error)
  }
}
