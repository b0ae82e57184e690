/**
 * A chain inside the test: the real state machine behind a small engine that makes a block when the test says so, and a
 * ChainPort for each host that builds and signs real transactions. An outage cuts the ports off, not the chain.
 */

import { BaseAccount } from 'cosmjs-types/cosmos/auth/v1beta1/auth'
import { QueryAccountRequest, QueryAccountResponse } from 'cosmjs-types/cosmos/auth/v1beta1/query'
import { QueryBalanceRequest, QueryBalanceResponse } from 'cosmjs-types/cosmos/bank/v1beta1/query'
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { SignMode } from 'cosmjs-types/cosmos/tx/signing/v1beta1/signing'
import { AuthInfo, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import type { TxResult } from '../../src/chain/application.ts'
import { createApplication } from '../../src/chain/create-application.ts'
import type { BlockNotice, ChainPort, ConnectionState, TxOutcome } from '../../src/host/ports.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { CodedError } from '../../src/lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../../src/lib/runtime.ts'
import { addressOfPublicKey } from '../../src/protocol/address.ts'
import * as queries from '../../src/protocol/gen/tailrace/v1/query.ts'
import type { GenesisHost } from '../../src/protocol/genesis.ts'
import { sha256 } from '../../src/protocol/hash.ts'
import type { TypedMessage } from '../../src/protocol/messages.ts'
import { MESSAGE_KINDS } from '../../src/protocol/messages.ts'
import type { Params } from '../../src/protocol/params.ts'
import { DENOM } from '../../src/protocol/params.ts'
import { blsProvePossession, blsPublicKey, blsSecretFromSeed, blsSign } from '../../src/protocol/randomness.ts'
import { publicKeyOf, signBytes } from '../../src/protocol/signature.ts'
import { encodeRandomnessTx, signDocBytes } from '../../src/protocol/tx.ts'

const CHAIN_ID = 'tailrace-test-1'
const CONSENSUS_KEY = new Uint8Array(32).fill(7)
const PROPOSER = sha256(CONSENSUS_KEY).slice(0, 20)

export interface HostSecrets {
  readonly owner: Uint8Array
  readonly device: Uint8Array
}

export interface TestChain {
  height(): number
  /** Makes the next block of what waits, and tells the ports. */
  produceBlock(): void
  portFor(secrets: HostSecrets): TestChainPort
  /** Grows with everything that a port is asked or answers. */
  activity(): number
  /** Height and code of every transaction in a block, newest last. */
  readonly executed: readonly {
    readonly height: number
    readonly code: number
    readonly log: string
    readonly action: string
  }[]
}

export interface TestChainPort extends ChainPort {
  /** `deaf`: queries and blocks fail to arrive, what was submitted stays in the mempool. */
  setOutage(isOut: boolean): void
}

interface Waiting {
  readonly bytes: Uint8Array
  readonly signer: string
  readonly action: string
  readonly settle: (outcome: TxOutcome) => void
}

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}

export function createTestChain(params: Params, hosts: readonly GenesisHost[], clock: Clock): TestChain {
  const blsSecret = blsSecretFromSeed(new Uint8Array(48).fill(5))
  const application = createApplication()
  application.initChain({
    chainId: CHAIN_ID,
    timeMs: clock.nowMs(),
    params,
    accounts: [],
    validators: [
      {
        consensusKey: CONSENSUS_KEY,
        blsPublicKey: blsPublicKey(blsSecret),
        blsPossession: blsProvePossession(blsSecret),
        power: 1n,
      },
    ],
    hosts,
  })
  const executed: { height: number; code: number; log: string; action: string }[] = []
  const appHashes = new Map<number, Uint8Array>()
  const onCommit = new Set<(block: BlockNotice) => void>()
  let mempool: Waiting[] = []
  let activity = 0

  function ask<Request, Response>(
    path: string,
    request: Codec<Request>,
    message: Request,
    response: Codec<Response>,
  ): Response {
    const result = application.query(path, request.encode(message).finish())
    if (result.code !== 0) {
      throw new CodedError('query_failed', `${path}: ${result.log}`)
    }
    return response.decode(result.value)
  }

  function sequenceOf(address: string): bigint {
    const { account } = ask(
      '/cosmos.auth.v1beta1.Query/Account',
      QueryAccountRequest,
      { address },
      QueryAccountResponse,
    )
    const committed = account === undefined ? 0n : BaseAccount.decode(account.value).sequence
    return committed + BigInt(mempool.filter(({ signer }) => signer === address).length)
  }

  function enter(messages: readonly TypedMessage[], secret: Uint8Array): Promise<TxOutcome> {
    const signer = addressOfPublicKey(publicKeyOf(secret))
    const bytes = signTx(messages, secret, sequenceOf(signer))
    const action = messages.map(({ typeUrl }) => typeUrl.slice(typeUrl.lastIndexOf('.') + 1)).join()
    const check = application.checkTx(bytes)
    if (check.code !== 0) {
      return Promise.resolve(outcomeOf(check, 0, bytes))
    }
    return new Promise((settle) => mempool.push({ bytes, signer, action, settle }))
  }

  function produceBlock(): void {
    const height = application.info().height + 1n
    const waiting = mempool
    mempool = []
    const sigma = encodeRandomnessTx(blsSign(blsSecret, application.randomnessMessage(height)))
    const timeMs = BigInt(clock.nowMs())
    const txs = [sigma, ...waiting.map(({ bytes }) => bytes)]
    const result = application.finalizeBlock({ height, timeMs, hash: sha256(sigma), proposer: PROPOSER, txs })
    application.commit()
    appHashes.set(Number(height), result.appHash)
    waiting.forEach(({ bytes, action, settle }, index) => {
      const txResult = result.txResults[index + 1] as TxResult
      executed.push({ height: Number(height), code: txResult.code, log: txResult.log, action })
      settle(outcomeOf(txResult, Number(height), bytes))
    })
    for (const listener of [...onCommit]) {
      listener({ height: Number(height), timeMs: Number(timeMs) })
    }
  }

  function portFor(secrets: HostSecrets): TestChainPort {
    const blockListeners = new Set<(block: BlockNotice) => void>()
    const connectionListeners = new Set<(state: ConnectionState) => void>()
    let isOut = false
    let cutOff = Promise.withResolvers<never>()
    cutOff.promise.catch(() => undefined)

    /** Every answer comes a turn later, as over a wire, and not at all while the line is cut. */
    async function over<T>(signal: AbortSignalLike, answer: () => T | Promise<T>): Promise<T> {
      activity += 1
      await Promise.resolve()
      if (isOut) {
        throw new CodedError('chain_unreachable', 'no connection')
      }
      try {
        return await Promise.race([answer(), cutOff.promise, abortOf(signal)])
      } finally {
        activity += 1
      }
    }

    onCommit.add((block) => {
      if (!isOut) {
        blockListeners.forEach((listener) => void listener(block))
      }
    })
    const account = (key: 'owner' | 'device') => secrets[key]
    return {
      chainId: CHAIN_ID,
      setOutage(next) {
        isOut = next
        if (isOut) {
          cutOff.reject(new CodedError('chain_unreachable', 'the connection broke'))
          cutOff = Promise.withResolvers<never>()
          cutOff.promise.catch(() => undefined)
        }
        connectionListeners.forEach((listener) => void listener(isOut ? 'disconnected' : 'connected'))
      },
      params: (signal) => over(signal, () => params),
      epoch: (signal) =>
        over(signal, () => ask('/tailrace.v1.Query/Epoch', queries.QueryEpochRequest, {}, queries.QueryEpochResponse)),
      host: (address, signal) =>
        over(
          signal,
          () => ask('/tailrace.v1.Query/Host', queries.QueryHostRequest, { address }, queries.QueryHostResponse).host,
        ),
      hosts: (signal) =>
        over(signal, () => {
          const request = { startAfter: '', limit: 200 }
          return ask('/tailrace.v1.Query/Hosts', queries.QueryHostsRequest, request, queries.QueryHostsResponse).hosts
        }),
      assignment: (epoch, verifier, signal) =>
        over(signal, () => {
          const request = { epoch, verifier }
          return ask(
            '/tailrace.v1.Query/Assignment',
            queries.QueryAssignmentRequest,
            request,
            queries.QueryAssignmentResponse,
          ).rounds
        }),
      openings: (epoch, signal) =>
        over(
          signal,
          () =>
            ask('/tailrace.v1.Query/Openings', queries.QueryOpeningsRequest, { epoch }, queries.QueryOpeningsResponse)
              .leaves,
        ),
      finds: (epoch, host, signal) =>
        over(signal, () => {
          const request = { epoch, host, fromIndex: 0n, limit: 0 }
          return ask('/tailrace.v1.Query/Finds', queries.QueryFindsRequest, request, queries.QueryFindsResponse).nonces
        }),
      ledger: (host, fromSequence, signal) =>
        over(signal, () => {
          const request = { host, fromSequence, limit: 0 }
          return ask('/tailrace.v1.Query/Ledger', queries.QueryLedgerRequest, request, queries.QueryLedgerResponse)
        }),
      balance: (address, signal) =>
        over(signal, () => {
          const request = { address, denom: DENOM }
          const answer = ask('/cosmos.bank.v1beta1.Query/Balance', QueryBalanceRequest, request, QueryBalanceResponse)
          return BigInt(answer.balance?.amount ?? '0')
        }),
      appHash: (height, signal) => over(signal, () => appHashes.get(height)),
      submit: (messages, key, signal) => over(signal, () => enter(messages, account(key))),
      onBlock(listener) {
        blockListeners.add(listener)
        return () => blockListeners.delete(listener)
      },
      onConnection(listener) {
        connectionListeners.add(listener)
        listener(isOut ? 'disconnected' : 'connected')
        return () => connectionListeners.delete(listener)
      },
    }
  }

  return { height: () => Number(application.info().height), produceBlock, portFor, activity: () => activity, executed }
}

/** Rejects when the signal aborts. */
function abortOf(signal: AbortSignalLike): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function outcomeOf(result: TxResult, height: number, bytes: Uint8Array): TxOutcome {
  const { code, codespace, log } = result
  return { code, codespace, log, height, hash: toHex(sha256(bytes)).toUpperCase() }
}

function signTx(messages: readonly TypedMessage[], secret: Uint8Array, sequence: bigint): Uint8Array {
  const bodyBytes = TxBody.encode(
    TxBody.fromPartial({
      messages: messages.map(({ typeUrl, value }) => {
        const codec = MESSAGE_KINDS[typeUrl].codec as Codec<unknown>
        return { typeUrl, value: codec.encode(value).finish() }
      }),
    }),
  ).finish()
  const publicKey = {
    typeUrl: '/cosmos.crypto.secp256k1.PubKey',
    value: PubKey.encode({ key: publicKeyOf(secret) }).finish(),
  }
  const authInfoBytes = AuthInfo.encode(
    AuthInfo.fromPartial({
      signerInfos: [{ publicKey, modeInfo: { single: { mode: SignMode.SIGN_MODE_DIRECT } }, sequence }],
      fee: { amount: [], gasLimit: 200_000n },
    }),
  ).finish()
  const signature = signBytes(secret, signDocBytes({ bodyBytes, authInfoBytes }, CHAIN_ID, 0n))
  return TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [signature] }).finish()
}
