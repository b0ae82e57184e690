import { utf8 } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Params } from '../../protocol/params.ts'
import { encodeParams } from '../../protocol/params.ts'
import { decodeParams } from '../../protocol/params-codec.ts'
import type { StateStore } from '../application.ts'
import { PARAMS_KEY } from './keys.ts'

/** The parameters in force, as canonical JSON: a handful of bytes that anybody can read out of a state proof. */
export function writeParams(store: StateStore, params: Params): void {
  store.set(PARAMS_KEY, utf8(encodeParams(params)))
}

/** @throws CodedError `no_state` before the genesis. */
export function readParams(store: StateStore): Params {
  const bytes = store.get(PARAMS_KEY)
  if (bytes === undefined) {
    throw new CodedError('no_state', 'the state holds no parameters')
  }
  // The JSON is ASCII: names and numbers that this file wrote.
  return decodeParams(String.fromCharCode(...bytes))
}
