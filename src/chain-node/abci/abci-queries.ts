import type { QueryResult } from '../../chain/application.ts'
import type { AbciQuery, AbciQueryAnswer } from '../../protocol/abci/codec.ts'
import { encodeProofOp } from '../proof-op.ts'
import type { AppChain } from './app-chain.ts'

/** The Cosmos SDK's number of an invalid request. */
const INVALID_QUERY = 18
const EMPTY = new Uint8Array(0)

/** Answers from the committed state alone; another height is refused with a code, never answered from this one. */
export function answerAbciQuery(chain: AppChain, { path, data, height, prove }: AbciQuery): AbciQueryAnswer {
  const newest = chain.tip.height
  if (height !== 0n && height !== newest) {
    const log = `height_unavailable: only the state of height ${newest} is kept`
    return queryAnswer({ code: INVALID_QUERY, log, value: EMPTY, height: newest })
  }
  return queryAnswer(chain.application.query(path, data, { prove }))
}

function queryAnswer({ code, log, value, height, proof }: QueryResult): AbciQueryAnswer {
  return {
    code,
    log,
    info: '',
    index: 0n,
    key: proof?.key ?? EMPTY,
    value,
    height,
    codespace: code === 0 ? '' : 'sdk',
    ...(proof === undefined ? {} : { proofOps: { ops: [encodeProofOp(proof)] } }),
  }
}
