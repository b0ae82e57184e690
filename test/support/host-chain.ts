/**
 * A chain inside the test: the real state machine behind a small engine that makes a block when the test says so. An outage
 * cuts a host's port off (host-chain-port.ts), not the chain.
 */
import { BaseAccount } from 'cosmjs-types/cosmos/auth/v1beta1/auth'
import { QueryAccountRequest, QueryAccountResponse } from 'cosmjs-types/cosmos/auth/v1beta1/query'
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { SignMode } from 'cosmjs-types/cosmos/tx/signing/v1beta1/signing'
import { AuthInfo, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import type { Application, TxResult } from '../../src/chain/application.ts'
import { createApplication } from '../../src/chain/create-application.ts'
import { createMemoryStore } from '../../src/chain/memory-store.ts'
import type { BlockNotice, TxOutcome } from '../../src/host/ports.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { CodedError } from '../../src/lib/coded-error.ts'
import type { Clock } from '../../src/lib/runtime.ts'
import { addressOfPublicKey } from '../../src/protocol/address.ts'
import type { Genesis, GenesisHost } from '../../src/protocol/genesis.ts'
import { sha256 } from '../../src/protocol/hash.ts'
import type { TypedMessage } from '../../src/protocol/messages.ts'
import { MESSAGE_KINDS } from '../../src/protocol/messages.ts'
import type { Params } from '../../src/protocol/params.ts'
import { blsProvePossession, blsPublicKey, blsSecretFromSeed, blsSign } from '../../src/protocol/randomness.ts'
import { publicKeyOf, signBytes } from '../../src/protocol/signature.ts'
import { encodeRandomnessTx, signDocBytes } from '../../src/protocol/tx.ts'
import { verifyOnce } from './chain/chain-harness.ts'

export const TEST_CHAIN_ID = 'tailrace-test-1'
const CONSENSUS_KEY = new Uint8Array(32).fill(7)
const PROPOSER = sha256(CONSENSUS_KEY).slice(0, 20)
const BLS_SECRET = blsSecretFromSeed(new Uint8Array(48).fill(5))

export interface ExecutedTx {
  readonly height: number
  readonly code: number
  readonly log: string
  /** Message names, joined by commas. */
  readonly action: string
}

export interface Codec<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}

export interface TestChainOptions {
  readonly accounts?: Genesis['accounts']
  readonly models?: Genesis['models']
}

interface Waiting {
  readonly bytes: Uint8Array
  readonly signer: string
  readonly action: string
  readonly settle: (outcome: TxOutcome) => void
}

export class TestChain {
  readonly params: Params
  /** Every transaction of every block, newest last. */
  readonly executed: ExecutedTx[] = []
  /** App hash by height. */
  readonly appHashes = new Map<number, Uint8Array>()
  /** The committed state. */
  readonly store = createMemoryStore()
  readonly #transactions = new Map<string, Uint8Array>()
  readonly #application: Application
  readonly #clock: Clock
  readonly #onCommit = new Set<(block: BlockNotice) => void>()
  #mempool: Waiting[] = []

  constructor(params: Params, hosts: readonly GenesisHost[], clock: Clock, options: TestChainOptions = {}) {
    this.params = params
    this.#clock = clock
    this.#application = createApplication({ store: this.store, verifySignature: verifyOnce })
    const validator = {
      consensusKey: CONSENSUS_KEY,
      blsPublicKey: blsPublicKey(BLS_SECRET),
      blsPossession: blsProvePossession(BLS_SECRET),
      power: 1n,
    }
    const chainId = TEST_CHAIN_ID
    this.#application.initChain({
      chainId,
      timeMs: clock.nowMs(),
      params,
      accounts: options.accounts ?? [],
      validators: [validator],
      hosts,
      models: options.models ?? [],
    })
  }

  height(): number {
    return Number(this.#application.info().height)
  }

  onCommit(listener: (block: BlockNotice) => void): void {
    this.#onCommit.add(listener)
  }

  /** Bytes of a transaction that is in a block. */
  transaction(hash: string): Uint8Array | undefined {
    return this.#transactions.get(hash)
  }

  /** Forgets what waits for a block, as a node that crashes does. */
  dropMempool(): void {
    this.#mempool = []
  }

  /** @throws CodedError `query_failed` */
  ask<Request, Response>(path: string, request: Codec<Request>, message: Request, response: Codec<Response>): Response {
    const result = this.#application.query(path, request.encode(message).finish())
    if (result.code !== 0) {
      throw new CodedError('query_failed', `${path}: ${result.log}`)
    }
    return response.decode(result.value)
  }

  /** Signs, checks, and waits for the block that executes it. */
  submit(messages: readonly TypedMessage[], secret: Uint8Array): Promise<TxOutcome> {
    const signer = addressOfPublicKey(publicKeyOf(secret))
    return this.offer(signTx(messages, secret, this.sequenceOf(signer)), signer, messages)
  }

  /** Checks bytes that are signed already, and waits for the block that executes them. */
  offer(bytes: Uint8Array, signer: string, messages: readonly TypedMessage[]): Promise<TxOutcome> {
    const action = messages.map(({ typeUrl }) => typeUrl.slice(typeUrl.lastIndexOf('.') + 1)).join()
    const check = this.#application.checkTx(bytes)
    if (check.code !== 0) {
      return Promise.resolve(outcomeOf(check, 0, bytes))
    }
    return new Promise((settle) => this.#mempool.push({ bytes, signer, action, settle }))
  }

  /** Makes the next block of what waits, and tells the listeners. */
  produceBlock(): void {
    const height = this.#application.info().height + 1n
    const waiting = this.#mempool
    this.#mempool = []
    const sigma = encodeRandomnessTx(signOnce(this.#application.randomnessMessage(height)))
    const timeMs = BigInt(this.#clock.nowMs())
    const txs = [sigma, ...waiting.map(({ bytes }) => bytes)]
    const result = this.#application.finalizeBlock({ height, timeMs, hash: sha256(sigma), proposer: PROPOSER, txs })
    this.#application.commit()
    this.appHashes.set(Number(height), result.appHash)
    for (const [index, { bytes, action, settle }] of waiting.entries()) {
      const txResult = result.txResults[index + 1] as TxResult
      this.executed.push({ height: Number(height), code: txResult.code, log: txResult.log, action })
      const outcome = outcomeOf(txResult, Number(height), bytes)
      this.#transactions.set(outcome.hash, bytes)
      settle(outcome)
    }
    for (const listener of [...this.#onCommit]) {
      listener({ height: Number(height), timeMs: Number(timeMs) })
    }
  }

  /** The next one, after all that waits. */
  sequenceOf(address: string): bigint {
    const path = '/cosmos.auth.v1beta1.Query/Account'
    const { account } = this.ask(path, QueryAccountRequest, { address }, QueryAccountResponse)
    const committed = account === undefined ? 0n : BaseAccount.decode(account.value).sequence
    return committed + BigInt(this.#mempool.filter(({ signer }) => signer === address).length)
  }
}

/** R depends on the height alone: all chains of a test file have the same σ_h, which costs 40 ms to sign. */
const signatures = new Map<string, Uint8Array>()

function signOnce(message: Uint8Array): Uint8Array {
  const signature = signatures.get(toHex(message)) ?? blsSign(BLS_SECRET, message)
  signatures.set(toHex(message), signature)
  return signature
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
  const signature = signBytes(secret, signDocBytes({ bodyBytes, authInfoBytes }, TEST_CHAIN_ID, 0n))
  return TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [signature] }).finish()
}
