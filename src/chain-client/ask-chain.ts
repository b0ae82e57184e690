import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'
import type { ChainRpc } from './chain-rpc.ts'

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}

/** The answer's bytes. @throws CodedError `query_refused` with the chain's code and reason; the codes of ChainRpc */
export async function queryChain(
  rpc: ChainRpc,
  path: string,
  data: Uint8Array,
  signal: AbortSignalLike,
): Promise<Uint8Array> {
  const { code = 0, log, value } = await rpc.request((comet) => comet.abciQuery({ path, data }), signal)
  if (code !== 0) {
    throw new CodedError('query_refused', `${path}: ${String(log).slice(0, 500)}`, { fields: { path, code } })
  }
  return value
}

/** One typed question of /tailrace.v1.Query. @throws CodedError `malformed_answer`, and the codes of queryChain */
export async function askChain<Q, A>(
  rpc: ChainRpc,
  name: string,
  request: Codec<Q>,
  question: Q,
  response: Codec<A>,
  signal: AbortSignalLike,
): Promise<A> {
  const data = request.encode(question).finish()
  const answer = await queryChain(rpc, `/tailrace.v1.Query/${name}`, data, signal)
  try {
    return response.decode(answer)
  } catch (cause) {
    throw new CodedError('malformed_answer', `the answer to ${name} cannot be decoded`, { cause })
  }
}
