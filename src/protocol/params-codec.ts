/**
 * Parameters from outside (a genesis file, a node's answer), decoded with bounds: the inverse of `encodeParams`. Exactly the
 * known keys, each of its type, within `validateParams`; key order and spaces are free.
 */
import { CodedError } from '../lib/coded-error.ts'
import type { ConsensusParams } from './consensus/consensus-params.ts'
import { CONSENSUS_PARAM_NAMES } from './consensus/consensus-params.ts'
import type { Params, ShapeName } from './params.ts'
import { SHAPE_NAMES, validateParams } from './params.ts'
import type { ServingParams } from './work/serving-params.ts'
import { SERVING_PARAM_NAMES } from './work/serving-params.ts'

const MAX_PARAMS_CHARACTERS = 8_192
const PARAM_KEYS = 18

type Fields = Readonly<Record<string, unknown>>

/** @throws CodedError `malformed_params` */
export function decodeParams(json: string): Params {
  if (json.length > MAX_PARAMS_CHARACTERS) {
    throw malformed(`more than ${MAX_PARAMS_CHARACTERS} characters`)
  }
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw malformed('not JSON', cause)
  }
  return paramsFromJson(value)
}

/** The same from a parsed JSON value. @throws CodedError `malformed_params` */
export function paramsFromJson(value: unknown): Params {
  const fields = asFields(value, 'params', PARAM_KEYS)
  const targets = asFields(fields.initialTargetLog2, 'initialTargetLog2', SHAPE_NAMES.length)
  const serving = asFields(fields.serving, 'serving', SERVING_PARAM_NAMES.length)
  const consensus = asFields(fields.consensus, 'consensus', CONSENSUS_PARAM_NAMES.length)
  const params: Params = {
    blockTimeMs: number(fields, 'blockTimeMs'),
    epochLength: number(fields, 'epochLength'),
    raceLength: number(fields, 'raceLength'),
    verifyLength: number(fields, 'verifyLength'),
    holdEpochs: number(fields, 'holdEpochs'),
    sampleSize: number(fields, 'sampleSize'),
    extensionSize: number(fields, 'extensionSize'),
    verifiersPerHost: number(fields, 'verifiersPerHost'),
    openingPpm: number(fields, 'openingPpm'),
    weightCapPpm: number(fields, 'weightCapPpm'),
    emissionPerEpoch: amount(fields, 'emissionPerEpoch'),
    feePerMessage: amount(fields, 'feePerMessage'),
    bondPpm: number(fields, 'bondPpm'),
    bondEpochs: number(fields, 'bondEpochs'),
    weightedShapes: shapes(fields.weightedShapes),
    initialTargetLog2: { dev: number(targets, 'dev'), std: number(targets, 'std') },
    serving: Object.fromEntries(SERVING_PARAM_NAMES.map((name) => [name, number(serving, name)])) as Record<
      keyof ServingParams,
      number
    >,
    consensus: Object.fromEntries(CONSENSUS_PARAM_NAMES.map((name) => [name, number(consensus, name)])) as Record<
      keyof ConsensusParams,
      number
    >,
  }
  const violation = validateParams(params)
  if (violation !== undefined) {
    throw malformed(violation)
  }
  return params
}

/** An object with this many keys; that each of them is a known one follows when every known one is found. */
function asFields(value: unknown, name: string, keys: number): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`${name} is no object`)
  }
  if (Object.keys(value).length !== keys) {
    throw malformed(`${name} must have ${keys} keys`)
  }
  return value as Fields
}

function number(fields: Fields, name: string): number {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (typeof value !== 'number') {
    throw malformed(`${name} must be a number`)
  }
  return value
}

function amount(fields: Fields, name: string): bigint {
  const value = fields[name]
  if (typeof value !== 'string' || !/^(0|[1-9][0-9]{0,30})$/.test(value)) {
    throw malformed(`${name} must be a decimal string`)
  }
  return BigInt(value)
}

function shapes(value: unknown): ShapeName[] {
  if (!Array.isArray(value) || value.length > SHAPE_NAMES.length) {
    throw malformed('weightedShapes must be a list of shapes')
  }
  return value.map((entry: unknown) => {
    const shape = SHAPE_NAMES.find((name) => name === entry)
    if (shape === undefined) {
      throw malformed('weightedShapes names an unknown shape')
    }
    return shape
  })
}

function malformed(reason: string, cause?: unknown): CodedError {
  return new CodedError('malformed_params', `parameters: ${reason}`, { cause })
}
