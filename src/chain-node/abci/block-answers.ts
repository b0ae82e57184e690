/** Results of the state machine as CometBFT takes them. */
import type { BlockResult, ChainEvent, TxResult, ValidatorUpdate } from '../../chain/application.ts'
import type {
  AbciAnswerOf,
  AbciCheckTxAnswer,
  AbciEvent,
  AbciTxResult,
  AbciValidatorUpdate,
} from '../../protocol/abci/codec.ts'
import { INDEX_LIMITS } from '../limits.ts'

export function finalizeAnswer(result: BlockResult): AbciAnswerOf<'finalizeBlock'> {
  return {
    events: eventsOf(result.events),
    txResults: result.txResults.map(txResultOf),
    validatorUpdates: result.validatorUpdates.map(validatorUpdateOf),
    appHash: result.appHash,
    ...(result.appVersion === undefined
      ? {}
      : { consensusParamUpdates: { version: { app: BigInt(result.appVersion) } } }),
  }
}

/** Without data: `broadcast_tx_sync` shows it in hexadecimal, and CosmJS reads it as base64 and gives up. */
export function checkAnswer({ code, log, gasWanted, gasUsed, codespace }: TxResult): AbciCheckTxAnswer {
  return { code, data: new Uint8Array(0), log, info: '', gasWanted, gasUsed, events: [], codespace }
}

export function validatorUpdateOf({ consensusKey, power }: ValidatorUpdate): AbciValidatorUpdate {
  return { pubKey: { ed25519: consensusKey }, power }
}

function txResultOf(result: TxResult): AbciTxResult {
  const { code, data, log, gasWanted, gasUsed, codespace } = result
  return { code, data, log, info: '', gasWanted, gasUsed, events: eventsOf(result.events), codespace }
}

/** What is searchable is what the embedded engine's index holds: the first attributes, short values. */
function eventsOf(events: readonly ChainEvent[]): AbciEvent[] {
  let left: number = INDEX_LIMITS.attributes
  return events.map(({ type, attributes }) => ({
    type,
    attributes: attributes.map(({ key, value }) => {
      left -= 1
      return { key, value, index: left >= 0 && value.length <= INDEX_LIMITS.valueCharacters }
    }),
  }))
}
