/** The chain's answers about paid work, asked of the state machine by its own queries, a turn later as over a wire. */
import type { WorkChainPort } from '../../../src/host/work/ports.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { HostRecord } from '../../../src/protocol/gen/tailrace/v1/query.ts'
import {
  QueryBatchesRequest,
  QueryBatchesResponse,
  QueryBatchRequest,
  QueryBatchResponse,
  QueryEscrowRequest,
  QueryEscrowResponse,
  QueryHostRequest,
  QueryHostResponse,
  QueryLaneRequest,
  QueryLaneResponse,
  QueryLedgerRequest,
  QueryLedgerResponse,
  QueryModelsRequest,
  QueryModelsResponse,
  QueryRandomnessRequest,
  QueryRandomnessResponse,
  QueryRosterRequest,
  QueryRosterResponse,
  QueryServicesRequest,
  QueryServicesResponse,
  QuerySupplyRequest,
  QuerySupplyResponse,
  QueryWorkDutiesRequest,
  QueryWorkDutiesResponse,
} from '../../../src/protocol/gen/tailrace/v1/query.ts'
import { decodeTx } from '../../../src/protocol/tx.ts'
import type { Codec, TestChain } from '../host-chain.ts'

export interface WorkAnswers {
  readonly port: WorkChainPort
  /** At once, for the test itself. */
  readonly now: {
    batches(host: string): QueryBatchesResponse['batches']
    batch(id: bigint): QueryBatchResponse
    escrow(payer: Uint8Array): QueryEscrowResponse
    lane(payer: Uint8Array, executor: string): bigint
    ledger(host: string): QueryLedgerResponse['entries']
    services(host: string): QueryServicesResponse['services']
    supply(): QuerySupplyResponse
    host(address: string): HostRecord
  }
}

const PAGE = 50

export function createWorkAnswers(chain: TestChain, onActivity: () => void): WorkAnswers {
  const now = answersNow(chain)
  return { port: portOver(chain, now, onActivity), now }
}

type Ask = <Request, Response>(
  name: string,
  request: Codec<Request>,
  message: Request,
  response: Codec<Response>,
) => Response

function askOf(chain: TestChain): Ask {
  return (name, request, message, response) => chain.ask(`/tailrace.v1.Query/${name}`, request, message, response)
}

function answersNow(chain: TestChain): WorkAnswers['now'] {
  const ask = askOf(chain)
  return {
    batches: (host) =>
      ask('Batches', QueryBatchesRequest, { host, fromId: 0n, limit: 200 }, QueryBatchesResponse).batches,
    batch: (id) => ask('Batch', QueryBatchRequest, { id }, QueryBatchResponse),
    escrow: (payer) => ask('Escrow', QueryEscrowRequest, { payer }, QueryEscrowResponse),
    lane: (payer, executor) => ask('Lane', QueryLaneRequest, { payer, executor }, QueryLaneResponse).accepted,
    ledger: (host) =>
      ask('Ledger', QueryLedgerRequest, { host, fromSequence: 0n, limit: 0 }, QueryLedgerResponse).entries,
    services: (host) => ask('Services', QueryServicesRequest, { host }, QueryServicesResponse).services,
    supply: () => ask('Supply', QuerySupplyRequest, {}, QuerySupplyResponse),
    host(address) {
      const { host } = ask('Host', QueryHostRequest, { address }, QueryHostResponse)
      if (host === undefined) {
        throw new CodedError('unknown_host', address)
      }
      return host
    },
  }
}

function portOver(chain: TestChain, now: WorkAnswers['now'], onActivity: () => void): WorkChainPort {
  const ask = askOf(chain)
  async function later<T>(answer: () => T): Promise<T> {
    onActivity()
    await Promise.resolve()
    const value = answer()
    onActivity()
    return value
  }
  return {
    models: () => later(() => ask('Models', QueryModelsRequest, {}, QueryModelsResponse).models),
    escrow: (payer) => later(() => now.escrow(payer)),
    lane: (payer, executor) => later(() => now.lane(payer, executor)),
    roster: (model, height) =>
      later(() => ask('Roster', QueryRosterRequest, { model, height: BigInt(height) }, QueryRosterResponse).roster),
    services: (host) => later(() => now.services(host)),
    batch: (id) => later(() => now.batch(id)),
    batches: (host, fromId) =>
      later(() => ask('Batches', QueryBatchesRequest, { host, fromId, limit: PAGE }, QueryBatchesResponse).batches),
    workDuties: (host) => later(() => ask('WorkDuties', QueryWorkDutiesRequest, { host }, QueryWorkDutiesResponse)),
    randomness: (height) => later(() => randomnessAt(ask, height)),
    postedWork: (txHash) =>
      later(() => {
        const bytes = chain.transaction(txHash)
        const posted = bytes && decodeTx(bytes).messages.find(({ typeUrl }) => typeUrl === '/tailrace.v1.MsgPostWork')
        return posted?.typeUrl === '/tailrace.v1.MsgPostWork' ? posted.value.data : undefined
      }),
  }
}

function randomnessAt(ask: Ask, height: number): Uint8Array | undefined {
  try {
    const question = { height: BigInt(height) }
    return ask('Randomness', QueryRandomnessRequest, question, QueryRandomnessResponse).randomness
  } catch (error) {
    if (error instanceof CodedError && error.code === 'query_failed') {
      return undefined
    }
    throw error
  }
}
