import { utf8 } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Params } from '../../protocol/params.ts'
import { encodeParams } from '../../protocol/params.ts'
import { decodeParams } from '../../protocol/params-codec.ts'
import type { StateStore } from '../application.ts'
import { PARAMS_KEY } from './keys.ts'
import { createRecordMemo } from './record-memo.ts'

/** The parameters in force, as canonical JSON: a handful of bytes that anybody can read out of a state proof. */
export function writeParams(store: StateStore, params: Params): void {
  store.set(PARAMS_KEY, utf8(encodeParams(params)))
}

/** Every check of a transaction reads them. */
const decodeOnce = createRecordMemo<Params>({
  encode: (params) => ({ finish: () => utf8(encodeParams(params)) }),
  // The JSON is ASCII: names and numbers that this file wrote.
  decode: (bytes) => decodeParams(String.fromCharCode(...bytes)),
})

/** @throws CodedError `no_state` before the genesis. */
export function readParams(store: StateStore): Params {
  const bytes = store.get(PARAMS_KEY)
  if (bytes === undefined) {
    throw new CodedError('no_state', 'the state holds no parameters')
  }
  return decodeOnce(bytes)
}
