/** The chain as an outsider sees it through the validators' own RPC: heights, app hashes, the set of validators. */
import { z } from 'zod'
import { toHex } from '../../../src/lib/bytes.ts'
import { cometStatus } from '../../../src/main/cometbft/comet-rpc.ts'
import { QueryValidatorsRequest, QueryValidatorsResponse } from '../../../src/protocol/gen/tailrace/v1/query.ts'

export interface ValidatorLine {
  readonly address: string
  readonly power: number
  readonly weightPpm: number
  readonly carriedPpm: number
}

const HEADER = z.object({
  result: z.object({ signed_header: z.object({ header: z.object({ app_hash: z.string() }) }) }),
})
const ANSWER = z.object({
  result: z.object({ response: z.object({ code: z.number(), log: z.string(), value: z.string().nullable() }) }),
})

/** Of those that answer; undefined for one that does not. */
export function heightsOf(rpcUrls: readonly string[]): Promise<readonly (number | undefined)[]> {
  return Promise.all(
    rpcUrls.map((url) =>
      cometStatus(url).then(
        ({ height }) => height,
        () => undefined,
      ),
    ),
  )
}

/** The greatest height that anybody tells; 0 where nobody does. */
export async function networkHeight(rpcUrls: readonly string[]): Promise<number> {
  return Math.max(0, ...(await heightsOf(rpcUrls)).map((height) => height ?? 0))
}

/** The app hash in the header of that block, upper-case hexadecimal. */
export async function appHashAt(rpcUrl: string, height: number): Promise<string> {
  const response = await fetch(`${rpcUrl}/commit?height=${height}`)
  return HEADER.parse(await response.json()).result.signed_header.header.app_hash
}

export async function validatorsOf(rpcUrl: string): Promise<readonly ValidatorLine[]> {
  const data = toHex(QueryValidatorsRequest.encode({ all: false }).finish())
  const path = encodeURIComponent('"/tailrace.v1.Query/Validators"')
  const answer = await fetch(`${rpcUrl}/abci_query?path=${path}&data=0x${data}`)
  const { code, log, value } = ANSWER.parse(await answer.json()).result.response
  if (code !== 0) {
    throw new Error(`the query of the validators was refused: ${log}`)
  }
  const { validators } = QueryValidatorsResponse.decode(Buffer.from(value ?? '', 'base64'))
  return validators.map(({ consensusAddress, power, weightPpm, carriedPpm }) => ({
    address: toHex(consensusAddress).toUpperCase(),
    power: Number(power),
    weightPpm: Number(weightPpm),
    carriedPpm: Number(carriedPpm),
  }))
}
