import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { SignMode } from 'cosmjs-types/cosmos/tx/signing/v1beta1/signing'
import { AuthInfo, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import type { Application, BlockInput, BlockResult, ChainEvent, TxResult } from '../../../src/chain/application.ts'
import type { ApplicationOptions } from '../../../src/chain/create-application.ts'
import { createApplication } from '../../../src/chain/create-application.ts'
import { recountViolation } from '../../../src/chain/invariants.ts'
import type { MemoryStore } from '../../../src/chain/memory-store.ts'
import { createMemoryStore } from '../../../src/chain/memory-store.ts'
import { toHex, utf8 } from '../../../src/lib/bytes.ts'
import { addressOfPublicKey } from '../../../src/protocol/address.ts'
import type { Genesis, GenesisModel, GenesisValidator } from '../../../src/protocol/genesis.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import type { MessageKind, TypedMessage } from '../../../src/protocol/messages.ts'
import { MESSAGE_KINDS } from '../../../src/protocol/messages.ts'
import type { Params } from '../../../src/protocol/params.ts'
import { DENOM, LOCAL_CHAIN_ID, LOCAL_PARAMS } from '../../../src/protocol/params.ts'
import {
  blsProvePossession,
  blsPublicKey,
  blsSecretFromSeed,
  blsSign,
  blsVerify,
} from '../../../src/protocol/randomness.ts'
import { publicKeyOf, signBytes } from '../../../src/protocol/signature.ts'
import { encodeRandomnessTx, signDocBytes } from '../../../src/protocol/tx.ts'

/**
 * A chain in one process: real transactions, signed with real keys and encoded as wallets do, in blocks with a real σ_h. Only
 * the engine is missing: `produce` makes the next block. After each block the money is recounted from the entries.
 */
export interface Actor {
  readonly name: string
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
  readonly address: string
}

/** A host: its owner's key and its device's. */
export interface HostActor {
  readonly owner: Actor
  readonly device: Actor
}

export interface TxOptions {
  readonly fee?: bigint
  readonly feeDenom?: string
  readonly sequence?: bigint
  readonly timeoutHeight?: bigint
  readonly chainId?: string
  /** A key other than the signer's. */
  readonly publicKey?: Uint8Array
  readonly unsigned?: boolean
  /** Signs the document in place of the actor's secret. */
  readonly sign?: (document: Uint8Array) => Uint8Array
}

/** An event of the end of a block. */
export interface BlockEvent {
  readonly height: number
  readonly type: string
  readonly attributes: Record<string, string>
}

export interface ChainHarness {
  readonly app: Application
  readonly store: MemoryStore
  readonly params: Params
  readonly genesis: Genesis
  /** Height of the last block. */
  readonly height: number
  /** Signs with the sequence that follows the actor's last one here. */
  sign(actor: Actor, messages: readonly TypedMessage[], options?: TxOptions): Uint8Array
  /** The next block, finalized and committed. */
  produce(txs?: readonly Uint8Array[]): BlockResult
  /** Empty blocks until `height` is the last one. */
  produceUntil(height: number): void
  /** A block with one transaction: its result. */
  deliver(actor: Actor, messages: readonly TypedMessage[], options?: TxOptions): TxResult
  nextBlock(txs?: readonly Uint8Array[]): BlockInput
  /** Events of the ends of all blocks so far. */
  readonly blockEvents: readonly BlockEvent[]
  /** Inputs of all blocks so far, with their app hashes. */
  readonly history: readonly { readonly input: BlockInput; readonly appHash: Uint8Array }[]
}

export interface HarnessOptions extends Pick<ApplicationOptions, 'createTree'> {
  readonly params?: Partial<Params>
  /** Hosts of the genesis: one unit of weight each. */
  readonly hosts?: readonly HostActor[]
  /** Keys of the genesis beside the one that proposes all blocks here. */
  readonly validators?: readonly GenesisValidator[]
  readonly models?: readonly GenesisModel[]
  readonly accounts?: readonly { readonly actor: Actor; readonly amount: bigint }[]
}

/** Short epochs: race in blocks 1–2 after P, roots until 5, settle at 10, close at 11. Half of all attempts are finds. */
export const SHORT_PARAMS: Params = {
  ...LOCAL_PARAMS,
  epochLength: 12,
  raceLength: 2,
  verifyLength: 8,
  sampleSize: 6,
  extensionSize: 4,
  openingPpm: 500_000,
  initialTargetLog2: { dev: 255, std: 255 },
}

const VALIDATOR_SECRET = blsSecretFromSeed(new Uint8Array(48).fill(7))
const CONSENSUS_KEY = new Uint8Array(32).fill(9)
const VALIDATOR = {
  consensusKey: CONSENSUS_KEY,
  blsPublicKey: blsPublicKey(VALIDATOR_SECRET),
  blsPossession: blsProvePossession(VALIDATOR_SECRET),
  power: 10n,
}
const PROPOSER = sha256(CONSENSUS_KEY).slice(0, 20)

/**
 * R depends on the height alone, so all chains of a test file have the same σ_h: each is signed and verified once, for real.
 * Signing and verifying cost 40 ms a block, most of an empty block's time.
 */
const signatures = new Map<string, Uint8Array>()
const verified = new Map<string, boolean>()

function signOnce(message: Uint8Array): Uint8Array {
  const signature = signatures.get(toHex(message)) ?? blsSign(VALIDATOR_SECRET, message)
  signatures.set(toHex(message), signature)
  return signature
}

export function verifyOnce(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const id = [publicKey, message, signature].map(toHex).join()
  const isValid = verified.get(id) ?? blsVerify(publicKey, message, signature)
  verified.set(id, isValid)
  return isValid
}

/** The same name is the same key. */
export function actorNamed(name: string): Actor {
  const secret = sha256(utf8(`tailrace test actor ${name}`))
  const publicKey = publicKeyOf(secret)
  return { name, secret, publicKey, address: addressOfPublicKey(publicKey) }
}

export function hostNamed(name: string): HostActor {
  return { owner: actorNamed(name), device: actorNamed(`${name} device`) }
}

export function testGenesis(options: HarnessOptions = {}): Genesis {
  return {
    chainId: LOCAL_CHAIN_ID,
    timeMs: 1_700_000_000_000,
    params: { ...SHORT_PARAMS, ...options.params },
    accounts: (options.accounts ?? []).map(({ actor, amount }) => ({ address: actor.address, amount })),
    validators: [VALIDATOR, ...(options.validators ?? [])],
    hosts: (options.hosts ?? []).map(({ owner, device }) => ({
      owner: owner.address,
      devicePublicKey: device.publicKey,
      peerId: `peer of ${owner.name}`,
      shape: 'dev' as const,
      moniker: owner.name,
    })),
    models: options.models ?? [],
  }
}

export function createChainHarness(options: HarnessOptions = {}): ChainHarness {
  const genesis = testGenesis(options)
  const store = createMemoryStore()
  const createTree = options.createTree === undefined ? {} : { createTree: options.createTree }
  const app = createApplication({ store, verifySignature: verifyOnce, ...createTree })
  app.initChain(genesis)
  const sequences = createSequences()
  const history: { input: BlockInput; appHash: Uint8Array }[] = []
  const blockEvents: BlockEvent[] = []

  function sign(actor: Actor, messages: readonly TypedMessage[], txOptions: TxOptions = {}): Uint8Array {
    return signTx(actor, messages, { ...txOptions, sequence: txOptions.sequence ?? sequences.take(actor) })
  }

  function produce(txs: readonly Uint8Array[] = []): BlockResult {
    const input = makeBlock(app, genesis, txs)
    const result = app.finalizeBlock(input)
    app.commit()
    const wrong = recountViolation(store)
    if (wrong !== undefined) {
      throw new Error(`after block ${input.height} the recount differs: ${wrong}`)
    }
    history.push({ input, appHash: result.appHash })
    blockEvents.push(...result.events.map((event) => namedEvent(Number(input.height), event)))
    return result
  }

  return {
    app,
    store,
    params: genesis.params,
    genesis,
    get height() {
      return Number(app.info().height)
    },
    sign,
    nextBlock: (txs = []) => makeBlock(app, genesis, txs),
    produce,
    produceUntil(height) {
      while (Number(app.info().height) < height) {
        produce()
      }
    },
    deliver(actor, messages, txOptions) {
      const [, result] = produce([sign(actor, messages, txOptions)]).txResults
      if (result === undefined) {
        throw new Error('the block has no result for its transaction')
      }
      // A transaction that the ante refused did not use its sequence.
      if (result.code !== 0 && result.events.length === 0 && txOptions?.sequence === undefined) {
        sequences.giveBack(actor)
      }
      return result
    },
    blockEvents,
    history,
  }
}

/** The next sequence of every actor, as wallets count. */
function createSequences(): { take(actor: Actor): bigint; giveBack(actor: Actor): void } {
  const next = new Map<string, bigint>()
  return {
    take({ address }) {
      const sequence = next.get(address) ?? 0n
      next.set(address, sequence + 1n)
      return sequence
    },
    giveBack({ address }) {
      next.set(address, (next.get(address) ?? 1n) - 1n)
    },
  }
}

function makeBlock(app: Application, genesis: Genesis, txs: readonly Uint8Array[]): BlockInput {
  const height = app.info().height + 1n
  return {
    height,
    timeMs: BigInt(genesis.timeMs) + height * 1_000n,
    hash: sha256(utf8(`block ${height}`)),
    proposer: PROPOSER,
    txs: [encodeRandomnessTx(signOnce(app.randomnessMessage(height))), ...txs],
  }
}

function namedEvent(height: number, event: ChainEvent): BlockEvent {
  return {
    height,
    type: event.type,
    attributes: Object.fromEntries(event.attributes.map(({ key, value }) => [key, value])),
  }
}

export function signTx(actor: Actor, messages: readonly TypedMessage[], options: TxOptions): Uint8Array {
  const bodyBytes = TxBody.encode(
    TxBody.fromPartial({
      messages: messages.map(({ typeUrl, value }) => ({
        typeUrl,
        value: (MESSAGE_KINDS[typeUrl] as MessageKind<unknown>).codec.encode(value).finish(),
      })),
      timeoutHeight: options.timeoutHeight ?? 0n,
    }),
  ).finish()
  const publicKey = PubKey.encode(PubKey.fromPartial({ key: options.publicKey ?? actor.publicKey })).finish()
  const amount = options.fee === undefined ? [] : [{ denom: options.feeDenom ?? DENOM, amount: options.fee.toString() }]
  const authInfoBytes = AuthInfo.encode(
    AuthInfo.fromPartial({
      signerInfos: [
        {
          publicKey: { typeUrl: '/cosmos.crypto.secp256k1.PubKey', value: publicKey },
          modeInfo: { single: { mode: SignMode.SIGN_MODE_DIRECT } },
          sequence: options.sequence ?? 0n,
        },
      ],
      fee: { amount, gasLimit: 200_000n, payer: '', granter: '' },
    }),
  ).finish()
  const document = signDocBytes({ bodyBytes, authInfoBytes }, options.chainId ?? LOCAL_CHAIN_ID, 0n)
  const sign = options.sign ?? ((bytes: Uint8Array) => signBytes(actor.secret, bytes))
  const signature = options.unsigned === true ? new Uint8Array(0) : sign(document)
  return TxRaw.encode(TxRaw.fromPartial({ bodyBytes, authInfoBytes, signatures: [signature] })).finish()
}

export function send(from: Actor, to: Actor, amount: bigint, denom: string = DENOM): TypedMessage {
  return {
    typeUrl: '/cosmos.bank.v1beta1.MsgSend',
    value: { fromAddress: from.address, toAddress: to.address, amount: [{ denom, amount: amount.toString() }] },
  }
}

/** The word that opens the log of a refused transaction; empty for one that was executed. */
export function word(result: TxResult | undefined): string {
  return result?.log.split(':')[0] ?? 'no result'
}

/** Every committed entry as text, but for those that each block writes: status, randomness, app hash and whose turn it is. */
export function stateLines(chain: ChainHarness): string[] {
  return [...chain.store.entries()]
    .map(([key, value]) => `${toHex(key)}=${toHex(value)}`)
    .filter((line) => !['01', '06', '34', '35'].some((prefix) => line.startsWith(prefix)))
}
