/** Typed questions to the chain. Each answer is decoded with bounds; pages are followed up to a bound. */
import { CodedError } from '../lib/coded-error.ts'
import type { AbortSignalLike } from '../lib/runtime.ts'
import { decodeBalance, encodeBalanceRequest } from '../protocol/cosmos-client.ts'
import type {
  AssignmentRound,
  HostRecord,
  OpenedLeaf,
  QueryUpgradeResponse,
} from '../protocol/gen/tailrace/v1/query.ts'
import {
  QueryAssignmentRequest,
  QueryAssignmentResponse,
  QueryEpochRequest,
  QueryEpochResponse,
  QueryFindsRequest,
  QueryFindsResponse,
  QueryHostRequest,
  QueryHostResponse,
  QueryHostsRequest,
  QueryHostsResponse,
  QueryLedgerRequest,
  QueryLedgerResponse,
  QueryOpeningsRequest,
  QueryOpeningsResponse,
  QueryParamsRequest,
  QueryParamsResponse,
  QueryRandomnessRequest,
  QueryRandomnessResponse,
  QuerySupplyRequest,
  QuerySupplyResponse,
  QueryUpgradeRequest,
  QueryUpgradeResponse as QueryUpgradeResponseCodec,
} from '../protocol/gen/tailrace/v1/query.ts'
import type { Params } from '../protocol/params.ts'
import { decodeParams } from '../protocol/params-codec.ts'
import { askChain, queryChain } from './ask-chain.ts'
import type { ChainRpc } from './chain-rpc.ts'
import { CLIENT_LIMITS } from './client-limits.ts'

export class ChainQueries {
  readonly #rpc: ChainRpc

  constructor(rpc: ChainRpc) {
    this.#rpc = rpc
  }

  async params(signal: AbortSignalLike): Promise<Params> {
    const answer = await askChain(this.#rpc, 'Params', QueryParamsRequest, {}, QueryParamsResponse, signal)
    return decodeParams(answer.paramsJson)
  }

  epoch(signal: AbortSignalLike): Promise<QueryEpochResponse> {
    return askChain(this.#rpc, 'Epoch', QueryEpochRequest, {}, QueryEpochResponse, signal)
  }

  /** By owner or device address; undefined where nobody registered it. */
  async host(address: string, signal: AbortSignalLike): Promise<HostRecord | undefined> {
    return (await askChain(this.#rpc, 'Host', QueryHostRequest, { address }, QueryHostResponse, signal)).host
  }

  /** All hosts, page by page. */
  async hosts(signal: AbortSignalLike): Promise<readonly HostRecord[]> {
    const hosts: HostRecord[] = []
    let startAfter = ''
    for (let page = 0; page < CLIENT_LIMITS.hostsPages; page++) {
      const request = { startAfter, limit: CLIENT_LIMITS.hostsPerPage }
      const answer = await askChain(this.#rpc, 'Hosts', QueryHostsRequest, request, QueryHostsResponse, signal)
      requireAtMost(answer.hosts.length, CLIENT_LIMITS.hostsPerPage)
      hosts.push(...answer.hosts)
      if (answer.next === '') {
        return hosts
      }
      startAfter = answer.next
    }
    throw tooMuch()
  }

  async assignment(epoch: bigint, verifier: string, signal: AbortSignalLike): Promise<readonly AssignmentRound[]> {
    const request = { epoch, verifier }
    return (await askChain(this.#rpc, 'Assignment', QueryAssignmentRequest, request, QueryAssignmentResponse, signal))
      .rounds
  }

  /**
   * All opened leaves of the epoch, page by page. A leaf opened meanwhile may come before a page that was read: it is missing
   * here, or another one stands twice. After the settle nothing is opened any more.
   */
  async openings(epoch: bigint, signal: AbortSignalLike): Promise<readonly OpenedLeaf[]> {
    const leaves: OpenedLeaf[] = []
    for (let page = 0; page < CLIENT_LIMITS.openingsPages; page++) {
      const request = { epoch, fromIndex: BigInt(leaves.length), limit: CLIENT_LIMITS.openingsPerPage }
      const answer = await askChain(this.#rpc, 'Openings', QueryOpeningsRequest, request, QueryOpeningsResponse, signal)
      requireAtMost(answer.leaves.length, CLIENT_LIMITS.openingsPerPage)
      leaves.push(...answer.leaves)
      if (answer.leaves.length < CLIENT_LIMITS.openingsPerPage) {
        return leaves
      }
    }
    throw tooMuch()
  }

  /** All committed nonces of a host in a race, page by page. */
  async finds(epoch: bigint, host: string, signal: AbortSignalLike): Promise<readonly bigint[]> {
    const nonces: bigint[] = []
    for (let page = 0; page < CLIENT_LIMITS.findsPages; page++) {
      const request = { epoch, host, fromIndex: BigInt(nonces.length), limit: CLIENT_LIMITS.findsPerPage }
      const answer = await askChain(this.#rpc, 'Finds', QueryFindsRequest, request, QueryFindsResponse, signal)
      requireAtMost(answer.nonces.length, CLIENT_LIMITS.findsPerPage)
      nonces.push(...answer.nonces)
      if (answer.nonces.length === 0 || BigInt(nonces.length) >= answer.total) {
        return nonces
      }
    }
    throw tooMuch()
  }

  /** One page of the why-ledger, from `fromSequence` (0: from the oldest kept). */
  async ledger(host: string, fromSequence: bigint, signal: AbortSignalLike): Promise<QueryLedgerResponse> {
    const request = { host, fromSequence, limit: CLIENT_LIMITS.ledgerEntriesPerPage }
    const answer = await askChain(this.#rpc, 'Ledger', QueryLedgerRequest, request, QueryLedgerResponse, signal)
    requireAtMost(answer.entries.length, CLIENT_LIMITS.ledgerEntriesPerPage)
    return answer
  }

  supply(signal: AbortSignalLike): Promise<QuerySupplyResponse> {
    return askChain(this.#rpc, 'Supply', QuerySupplyRequest, {}, QuerySupplyResponse, signal)
  }

  /** The accepted plan, the version in force, and who votes for what. */
  async upgrade(signal: AbortSignalLike): Promise<QueryUpgradeResponse> {
    const answer = await askChain(this.#rpc, 'Upgrade', QueryUpgradeRequest, {}, QueryUpgradeResponseCodec, signal)
    requireAtMost(answer.votes.length, CLIENT_LIMITS.validators)
    return answer
  }

  /** R_h, 32 bytes. */
  async randomness(height: bigint, signal: AbortSignalLike): Promise<Uint8Array> {
    const answer = await askChain(
      this.#rpc,
      'Randomness',
      QueryRandomnessRequest,
      { height },
      QueryRandomnessResponse,
      signal,
    )
    return answer.randomness
  }

  /** utail. */
  async balance(address: string, signal: AbortSignalLike): Promise<bigint> {
    const path = '/cosmos.bank.v1beta1.Query/Balance'
    return decodeBalance(await queryChain(this.#rpc, path, encodeBalanceRequest(address), signal))
  }
}

function requireAtMost(length: number, most: number): void {
  if (length > most) {
    throw new CodedError('malformed_answer', `a page has at most ${most} entries`)
  }
}

function tooMuch(): CodedError {
  return new CodedError('malformed_answer', 'the pages have no end')
}
