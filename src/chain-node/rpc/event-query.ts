/**
 * CometBFT's event queries, as far as this node answers them: conditions joined by AND. `=` on any key; `<`, `<=`, `>`, `>=`
 * on numbers; EXISTS and CONTAINS in subscriptions only. Strings stand in single quotes, numbers bare.
 */
import { QUERY_LIMITS } from '../limits.ts'
import { RpcError } from './json-rpc.ts'

export type Operator = '=' | '<' | '<=' | '>' | '>=' | 'EXISTS' | 'CONTAINS'

export interface Condition {
  readonly key: string
  readonly operator: Operator
  /** Text of the operand, empty for EXISTS. */
  readonly operand: string
}

const CONDITION = /\s*([A-Za-z_][\w.-]{0,127})\s*(<=|>=|=|<|>|\bEXISTS\b|\bCONTAINS\b)\s*(?:'([^']*)'|(\d{1,30}))?\s*/y
const AND = /AND\b/y

/** @throws RpcError `params` for what is no query or is out of bounds */
export function parseQuery(query: string): Condition[] {
  if (query.length > QUERY_LIMITS.characters) {
    throw new RpcError('params', `a query has at most ${QUERY_LIMITS.characters} characters`)
  }
  const conditions: Condition[] = []
  let position = 0
  for (;;) {
    CONDITION.lastIndex = position
    const match = CONDITION.exec(query)
    if (match === null) {
      throw new RpcError('params', `cannot read the query at character ${position}`)
    }
    conditions.push(conditionOf(match))
    position = CONDITION.lastIndex
    if (position === query.length) {
      break
    }
    AND.lastIndex = position
    if (conditions.length >= QUERY_LIMITS.conditions || AND.exec(query) === null) {
      throw new RpcError('params', `expected AND, at most ${QUERY_LIMITS.conditions} conditions`)
    }
    position = AND.lastIndex
  }
  return conditions
}

/** Whether an event with these attributes satisfies all conditions. One key may have several values. */
export function matchesQuery(
  conditions: readonly Condition[],
  attributes: Readonly<Record<string, readonly string[]>>,
): boolean {
  return conditions.every((condition) => {
    const values = Object.hasOwn(attributes, condition.key) ? (attributes[condition.key] ?? []) : []
    return values.some((value) => satisfies(condition, value))
  })
}

function conditionOf(match: RegExpExecArray): Condition {
  const [, key = '', operator = '', quoted, bare] = match
  const operand = quoted ?? bare ?? ''
  if (operator === 'EXISTS') {
    if (quoted !== undefined || bare !== undefined) {
      throw new RpcError('params', 'EXISTS has no operand')
    }
  } else if (quoted === undefined && bare === undefined) {
    throw new RpcError('params', `${key} ${operator} needs an operand`)
  } else if (operator.startsWith('<') || operator.startsWith('>')) {
    if (bare === undefined) {
      throw new RpcError('params', `${operator} compares numbers`)
    }
  }
  return { key, operator: operator as Operator, operand }
}

function satisfies(condition: Condition, value: string): boolean {
  switch (condition.operator) {
    case '=':
      return value === condition.operand
    case 'EXISTS':
      return true
    case 'CONTAINS':
      return value.includes(condition.operand)
    default:
      return /^\d{1,30}$/.test(value) && compares(condition.operator, BigInt(value), BigInt(condition.operand))
  }
}

function compares(operator: '<' | '<=' | '>' | '>=', value: bigint, operand: bigint): boolean {
  switch (operator) {
    case '<':
      return value < operand
    case '<=':
      return value <= operand
    case '>':
      return value > operand
    case '>=':
      return value >= operand
  }
}
