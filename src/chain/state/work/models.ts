import { maxBigint } from '../../../lib/fixed-point.ts'
import { ModelState } from '../../../protocol/gen/tailrace/v1/state.ts'
import { priceOf } from '../../../protocol/work/price.ts'
import type { StateStore } from '../../application.ts'
import { getRecord, listRecords, setRecord } from '../records.ts'
import { modelKey, modelRange } from './work-keys.ts'

/** Models of the network: price, and the newest receipts' values, whose median is the unit of draws and reputation. */
const VALUES_KEPT = 32
/** A receipt of this size stands for the median while none was opened yet. */
const FIRST_PROMPT_TOKENS = 256
const FIRST_OUTPUT_TOKENS = 128

export function readModel(store: StateStore, model: string): ModelState | undefined {
  return getRecord(store, modelKey(model), ModelState)
}

export function writeModel(store: StateStore, model: ModelState): void {
  setRecord(store, modelKey(model.id), ModelState, model)
}

export function listModels(store: StateStore): ModelState[] {
  return [...listRecords(store, modelRange(), ModelState)].map(([, model]) => model)
}

/** utail of the median of the newest opened receipts, at least 1. */
export function medianValue(model: ModelState): bigint {
  const values = [...model.recentValues].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const median = values[values.length >> 1] ?? priceOf(model.price, FIRST_PROMPT_TOKENS, FIRST_OUTPUT_TOKENS)
  return maxBigint(median, 1n)
}

/** The model with one more opened receipt's value. */
export function withValue(model: ModelState, value: bigint): ModelState {
  return { ...model, recentValues: [...model.recentValues, value].slice(-VALUES_KEPT) }
}
