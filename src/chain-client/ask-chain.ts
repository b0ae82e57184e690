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
  return (await queryChainAt(rpc, path, data, signal)).value
}

/** The same with the height of the state that answered. */
export async function queryChainAt(
  rpc: ChainRpc,
  path: string,
  data: Uint8Array,
  signal: AbortSignalLike,
): Promise<{ readonly value: Uint8Array; readonly height: number }> {
  const { code = 0, log, value, height = 0 } = await rpc.request((comet) => comet.abciQuery({ path, data }), signal)
  if (code !== 0) {
    throw new CodedError('query_refused', `${path}: ${String(log).slice(0, 500)}`, { fields: { path, code } })
  }
  return { value, height }
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
