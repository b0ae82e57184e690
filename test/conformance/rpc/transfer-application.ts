/**
 * A small state machine for tests of the node: balances and sequences, transfers only, the app hash over all entries. It
 * keeps the contract of `Application` and can be told to break it, which the real one cannot.
 */

import { BaseAccount } from 'cosmjs-types/cosmos/auth/v1beta1/auth'
import { QueryAccountRequest, QueryAccountResponse } from 'cosmjs-types/cosmos/auth/v1beta1/query'
import { QueryBalanceRequest, QueryBalanceResponse } from 'cosmjs-types/cosmos/bank/v1beta1/query'
import type {
  Application,
  BlockInput,
  BlockResult,
  QueryResult,
  StateChange,
  TxResult,
} from '../../../src/chain/application.ts'
import { createMemoryStore } from '../../../src/chain/memory-store.ts'
import { bytesToBigint, concatBytes, toHex, u64be, utf8 } from '../../../src/lib/bytes.ts'
import { CodedError, errorMessage } from '../../../src/lib/coded-error.ts'
import { addressOfPublicKey } from '../../../src/protocol/address.ts'
import type { Genesis } from '../../../src/protocol/genesis.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import { DENOM } from '../../../src/protocol/params.ts'
import { genesisRandomness, nextRandomness, randomnessMessage } from '../../../src/protocol/randomness.ts'
import { verifyBytes } from '../../../src/protocol/signature.ts'
import { decodeRandomnessTx, decodeTx, signDocBytes } from '../../../src/protocol/tx.ts'

const NOTHING = new Uint8Array(0)

export interface Defects {
  /** Called with each block before it is executed; may throw. */
  onFinalize?: (input: BlockInput) => void
}

class TransferApplication implements Application {
  readonly #committed: ReturnType<typeof createMemoryStore>
  readonly #defects: Defects
  #pending = new Map<string, { key: Uint8Array; value: Uint8Array }>()
  #checkSequences = new Map<string, bigint>()

  constructor(entries: Iterable<readonly [Uint8Array, Uint8Array]>, defects: Defects) {
    this.#committed = createMemoryStore(entries)
    this.#defects = defects
  }

  info() {
    const chainId = new TextDecoder().decode(this.#get('meta/chain'))
    return { height: bytesToBigint(this.#get('meta/height')), appHash: this.#appHash(), chainId, appVersion: 1 }
  }

  upgrade(): undefined {
    return undefined
  }

  initChain(genesis: Genesis) {
    this.#set('meta/chain', utf8(genesis.chainId))
    this.#set('meta/randomness', genesisRandomness(genesis.chainId))
    for (const { address, amount } of genesis.accounts) {
      this.#set(`balance/${address}`, u64be(amount))
    }
    return { appHash: this.#appHash() }
  }

  checkTx(tx: Uint8Array): TxResult {
    const result = this.#run(tx, (name) => this.#checkSequences.get(name) ?? bytesToBigint(this.#get(name)))
    if (result.code === 0) {
      const { signer, sequence } = decodeTx(tx)
      this.#checkSequences.set(`sequence/${signer}`, sequence + 1n)
    }
    return result
  }

  simulate(): TxResult {
    return outcome(0, '')
  }

  randomnessMessage(height: bigint): Uint8Array {
    return randomnessMessage(this.info().chainId, height, this.#get('meta/randomness'))
  }

  processProposal(input: BlockInput): boolean {
    const [first] = input.txs
    return first !== undefined && decodeRandomnessTx(first) !== undefined
  }

  finalizeBlock(input: BlockInput): BlockResult {
    this.#defects.onFinalize?.(input)
    if (!this.processProposal(input)) {
      throw new CodedError('invalid_block', 'no randomness')
    }
    this.#pending = new Map()
    const [first = NOTHING, ...rest] = input.txs
    const signature = decodeRandomnessTx(first) ?? NOTHING
    this.#set('meta/randomness', nextRandomness(this.#get('meta/randomness'), signature))
    this.#set('meta/height', u64be(input.height))
    const results = rest.map((tx) => this.#execute(tx))
    return { txResults: [outcome(0, ''), ...results], events: [], validatorUpdates: [], appHash: this.#appHash() }
  }

  takeChanges(): readonly StateChange[] {
    return [...this.#pending.values()]
  }

  commit(): void {
    for (const { key, value } of this.#pending.values()) {
      this.#committed.set(key, value)
    }
    this.#pending = new Map()
    this.#checkSequences = new Map()
  }

  query(path: string, data: Uint8Array): QueryResult {
    const height = this.info().height
    if (path === '/cosmos.auth.v1beta1.Query/Account') {
      const { address } = QueryAccountRequest.decode(data)
      const sequence = bytesToBigint(this.#get(`sequence/${address}`))
      const account = BaseAccount.encode(BaseAccount.fromPartial({ address, accountNumber: 0n, sequence })).finish()
      const value = QueryAccountResponse.encode({
        account: { typeUrl: '/cosmos.auth.v1beta1.BaseAccount', value: account },
      }).finish()
      return { code: 0, log: '', value, height }
    }
    if (path === '/cosmos.bank.v1beta1.Query/Balance') {
      const { address } = QueryBalanceRequest.decode(data)
      const amount = bytesToBigint(this.#get(`balance/${address}`)).toString()
      return {
        code: 0,
        log: '',
        value: QueryBalanceResponse.encode({ balance: { denom: DENOM, amount } }).finish(),
        height,
      }
    }
    return { code: 6, log: 'unknown path', value: NOTHING, height }
  }

  #execute(bytes: Uint8Array): TxResult {
    const result = this.#run(bytes, (name) => bytesToBigint(this.#get(name)))
    if (result.code !== 0) {
      return result
    }
    const tx = decodeTx(bytes)
    this.#set(`sequence/${tx.signer}`, u64be(tx.sequence + 1n))
    for (const message of tx.messages) {
      if (message.typeUrl === '/cosmos.bank.v1beta1.MsgSend') {
        const { fromAddress, toAddress, amount } = message.value
        const value = BigInt(amount[0]?.amount ?? 0)
        this.#set(`balance/${fromAddress}`, u64be(bytesToBigint(this.#get(`balance/${fromAddress}`)) - value))
        this.#set(`balance/${toAddress}`, u64be(bytesToBigint(this.#get(`balance/${toAddress}`)) + value))
      }
    }
    return result
  }

  #run(bytes: Uint8Array, sequenceOf: (name: string) => bigint): TxResult {
    try {
      const tx = decodeTx(bytes)
      const isSigned =
        tx.publicKey !== undefined &&
        addressOfPublicKey(tx.publicKey) === tx.signer &&
        verifyBytes(tx.publicKey, signDocBytes(tx, this.info().chainId, 0n), tx.signature)
      if (!isSigned) {
        return outcome(4, 'signature')
      }
      if (tx.sequence !== sequenceOf(`sequence/${tx.signer}`)) {
        return outcome(32, 'sequence')
      }
      const attributes = [{ key: 'sender', value: tx.signer }]
      return { ...outcome(0, ''), events: [{ type: 'message', attributes }] }
    } catch (error) {
      return outcome(2, errorMessage(error))
    }
  }

  #get(name: string): Uint8Array {
    return this.#pending.get(name)?.value ?? this.#committed.get(utf8(name)) ?? NOTHING
  }

  #set(name: string, value: Uint8Array): void {
    this.#pending.set(name, { key: utf8(name), value })
  }

  #appHash(): Uint8Array {
    const all = new Map([...this.#committed.entries()].map(([key, value]) => [toHex(key), value]))
    for (const { key, value } of this.#pending.values()) {
      all.set(toHex(key), value)
    }
    const parts = [...all].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([key, value]) => [utf8(key), sha256(value)])
    return sha256(concatBytes(...parts))
  }
}

export function openTransferApplication(
  entries: Iterable<readonly [Uint8Array, Uint8Array]> = [],
  defects: Defects = {},
): Application {
  return new TransferApplication(entries, defects)
}

function outcome(code: number, log: string): TxResult {
  return { code, codespace: code === 0 ? '' : 'sdk', log, data: NOTHING, gasWanted: 0n, gasUsed: 0n, events: [] }
}
