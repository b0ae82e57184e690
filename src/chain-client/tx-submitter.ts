/**
 * Brings messages into a block once. Sequences are counted here and read again from the chain where it disagrees.
 * Invariant: a message is signed anew only when the bytes signed before were refused by a node that had never seen them, or
 * can provably never run (their sequence is used up and no block holds them: the blocks say so, not the index, which a node may
 * write late); until then the same bytes are offered again.
 */
import { toHex } from '../lib/bytes.ts'
import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import { KeyedLock } from '../lib/keyed-lock.ts'
import type { AbortSignalLike, Clock } from '../lib/runtime.ts'
import { decodeAccountSequence, encodeAccountRequest } from '../protocol/cosmos-client.ts'
import { sha256 } from '../protocol/hash.ts'
import { queryChainAt } from './ask-chain.ts'
import type { TxEvent } from './block-scan.ts'
import { findInBlocks } from './block-scan.ts'
import type { ChainRpc } from './chain-rpc.ts'
import type { ClientTimes } from './client-limits.ts'
import { CLIENT_LIMITS } from './client-limits.ts'
import { readNodeStatus } from './node-status.ts'
import type { TxContent, TxSigner } from './tx-signing.ts'
import { signTx } from './tx-signing.ts'

export interface TxVerdict {
  /** 0 = accepted or executed; else see chain/tx-codes.ts. */
  readonly code: number
  readonly codespace: string
  readonly log: string
  /** Upper-case hex. */
  readonly hash: string
}

export interface TxOutcome extends TxVerdict {
  /** Block that holds the transaction; 0 where it was refused before. */
  readonly height: number
  readonly events: readonly TxEvent[]
}

interface Sent {
  readonly bytes: Uint8Array
  readonly hash: string
  readonly sequence: bigint
  /** A height that was committed before the first offer: no block up to it holds these bytes. */
  readonly afterHeight: number
}

type Broadcast = { readonly verdict: TxVerdict | undefined; readonly isFirstOffer: boolean }
type Inclusion = { readonly kind: 'settled'; readonly outcome: TxOutcome } | { readonly kind: 'never' }

const SDK = 'sdk'
const WRONG_SEQUENCE = 32
const MEMPOOL_FULL = 20

/** Refusals that change nothing and may be gone with the next block. */
const WORTH_ANOTHER_TRY: ReadonlySet<string> = new Set([`${SDK}/${MEMPOOL_FULL}`, 'tailrace/6', 'tailrace/13'])

export class TxSubmitter {
  readonly #rpc: ChainRpc
  readonly #clock: Clock
  readonly #times: ClientTimes
  readonly #lock = new KeyedLock(CLIENT_LIMITS.waitingPerAccount)
  readonly #sequences = new Map<string, bigint>()
  /** The greatest height that an answer named, and when. */
  #heard = { height: 0, atMs: Number.NEGATIVE_INFINITY }

  constructor(components: { readonly rpc: ChainRpc; readonly clock: Clock }, times: ClientTimes) {
    this.#rpc = components.rpc
    this.#clock = components.clock
    this.#times = times
  }

  /**
   * Signs, broadcasts and waits for the block. A refusal is a value with its code.
   * @throws CodedError `tx_timeout` with the hash where nothing is known after `inclusionTimeoutMs`, `tx_superseded`; the codes of
   * ChainRpc and of the signer
   */
  async submit(content: TxContent, signer: TxSigner, signal: AbortSignalLike): Promise<TxOutcome> {
    for (let signing = 1; signing <= CLIENT_LIMITS.signings; signing++) {
      const sent = await this.#send(content, signer, signal)
      if ('code' in sent) {
        return { ...sent, height: 0, events: [] }
      }
      const inclusion = await this.#awaitInclusion(sent, signer.address, signal)
      if (inclusion.kind === 'settled') {
        return inclusion.outcome
      }
      if (content.isSignedOnce === true) {
        throw new CodedError('tx_superseded', 'another transaction of this account took its place', {
          fields: { hash: sent.hash },
        })
      }
    }
    throw new CodedError('tx_timeout', 'others keep using up the sequences of this account', {
      fields: { address: signer.address },
    })
  }

  /** Signs and broadcasts; the answer is the mempool's. */
  async submitSync(content: TxContent, signer: TxSigner, signal: AbortSignalLike): Promise<TxVerdict> {
    const sent = await this.#send(content, signer, signal)
    return 'code' in sent ? sent : { code: 0, codespace: '', log: '', hash: sent.hash }
  }

  /** Undefined where no block holds it. */
  async find(hash: string, signal: AbortSignalLike): Promise<TxOutcome | undefined> {
    const query = `tx.hash='${hash}'`
    const { txs } = await this.#rpc.request((comet) => comet.txSearch({ query, per_page: 1, order_by: 'desc' }), signal)
    const [found] = txs
    if (found === undefined) {
      return undefined
    }
    const { code, codespace, log, events } = found.result
    this.#hear(found.height)
    return { code, codespace: codespace ?? '', log: log ?? '', hash, height: found.height, events }
  }

  /** Under the account's lock, so that sequences reach the node in order. */
  #send(content: TxContent, signer: TxSigner, signal: AbortSignalLike): Promise<Sent | TxVerdict> {
    const { address } = signer
    return this.#lock.run(address, async () => {
      let fixed: bigint | undefined
      for (let refusals = 0; ; refusals++) {
        const sequence = await this.#sequenceFor(content, address, fixed, signal)
        fixed = sequence
        const afterHeight = await this.#committedHeight(signal)
        const bytes = await signTx(content, signer, this.#rpc.chainId, sequence)
        const sent: Sent = { bytes, sequence, hash: toHex(sha256(bytes)).toUpperCase(), afterHeight }
        const { verdict, isFirstOffer } = await this.#broadcast(sent, signal)
        if (verdict === undefined || verdict.code === 0) {
          this.#remember(address, sequence + 1n)
          return sent
        }
        this.#sequences.delete(address)
        if (!isFirstOffer) {
          // An earlier offer, whose answer was lost, may have been taken: only a search can tell.
          return sent
        }
        const isWorthIt =
          (isWrongSequence(verdict) && content.isSignedOnce !== true) ||
          WORTH_ANOTHER_TRY.has(`${verdict.codespace}/${verdict.code}`)
        if (!isWorthIt || refusals >= CLIENT_LIMITS.refusals) {
          return verdict
        }
        await this.#clock.sleep(this.#times.pollIntervalMs * Math.min(refusals + 1, 8), signal)
      }
    })
  }

  /** Offers the same bytes until the node answers. No verdict: it knows them already, or says nothing of use. */
  async #broadcast(sent: Sent, signal: AbortSignalLike): Promise<Broadcast> {
    let offers = 0
    try {
      const answer = await this.#rpc.request((comet) => {
        offers += 1
        return comet.broadcastTxSync({ tx: sent.bytes })
      }, signal)
      const { code, codespace, log } = answer
      const verdict = { code, codespace: codespace ?? '', log: log ?? '', hash: sent.hash }
      return { verdict, isFirstOffer: offers === 1 }
    } catch (error) {
      if (errorCode(error) === 'rpc_error') {
        return isMempoolFull(error)
          ? { verdict: fullVerdict(sent.hash), isFirstOffer: offers === 1 }
          : { verdict: undefined, isFirstOffer: false }
      }
      throw error
    }
  }

  async #awaitInclusion(sent: Sent, address: string, signal: AbortSignalLike): Promise<Inclusion> {
    const { pollIntervalMs, inclusionTimeoutMs, rebroadcastMs } = this.#times
    const untilMs = this.#clock.nowMs() + inclusionTimeoutMs
    let rebroadcastAtMs = this.#clock.nowMs() + rebroadcastMs
    for (;;) {
      const outcome = await this.find(sent.hash, signal)
      if (outcome !== undefined) {
        return this.#settled(outcome, address)
      }
      if (this.#clock.nowMs() >= rebroadcastAtMs) {
        const inclusion = await this.#offerAgain(sent, address, signal)
        if (inclusion !== undefined) {
          return inclusion
        }
        rebroadcastAtMs = this.#clock.nowMs() + rebroadcastMs
      }
      if (this.#clock.nowMs() >= untilMs) {
        this.#sequences.delete(address)
        throw new CodedError('tx_timeout', `transaction ${sent.hash} is in no block yet`, {
          fields: { hash: sent.hash },
        })
      }
      await this.#clock.sleep(pollIntervalMs, signal)
    }
  }

  /** Undefined: still open. */
  async #offerAgain(sent: Sent, address: string, signal: AbortSignalLike): Promise<Inclusion | undefined> {
    const { verdict } = await this.#broadcast(sent, signal)
    if (verdict === undefined || verdict.code === 0) {
      return undefined
    }
    const next = isWrongSequence(verdict) ? await this.#nextSequence(address, signal) : undefined
    // Asked last: a block that holds these bytes, and so made the node refuse them, is committed by now.
    const outcome = await this.#findSurely(sent, signal)
    if (outcome !== undefined) {
      return outcome === 'unknown' ? undefined : this.#settled(outcome, address)
    }
    if (next !== undefined) {
      return next > sent.sequence ? this.#never(address) : undefined
    }
    // Neither waiting nor in a block: the state has moved on and refuses it.
    return WORTH_ANOTHER_TRY.has(`${verdict.codespace}/${verdict.code}`)
      ? undefined
      : this.#settled({ ...verdict, height: 0, events: [] }, address)
  }

  /** In the index, else in the blocks themselves; undefined where no block of now holds these bytes. */
  async #findSurely(sent: Sent, signal: AbortSignalLike): Promise<TxOutcome | undefined | 'unknown'> {
    const { hash, afterHeight } = sent
    const indexed = await this.find(hash, signal)
    if (indexed !== undefined) {
      return indexed
    }
    const scanned = await findInBlocks(this.#rpc, hash, afterHeight, signal)
    return scanned === undefined || scanned === 'unknown' ? scanned : { ...scanned, hash }
  }

  /** The sequence is used up by another transaction. */
  #never(address: string): Inclusion {
    this.#sequences.delete(address)
    return { kind: 'never' }
  }

  #settled(outcome: TxOutcome, address: string): Inclusion {
    if (outcome.code !== 0) {
      // A refusal inside a block may have left the sequence as it was.
      this.#sequences.delete(address)
    }
    return { kind: 'settled', outcome }
  }

  /** What is signed once keeps its sequence: offered again, it is the same bytes. */
  async #sequenceFor(
    { isSignedOnce }: TxContent,
    address: string,
    fixed: bigint | undefined,
    signal: AbortSignalLike,
  ): Promise<bigint> {
    if (isSignedOnce === true) {
      return fixed ?? (await this.#nextSequence(address, signal))
    }
    return this.#sequences.get(address) ?? (await this.#nextSequence(address, signal))
  }

  async #nextSequence(address: string, signal: AbortSignalLike): Promise<bigint> {
    const path = '/cosmos.auth.v1beta1.Query/Account'
    const { value, height } = await queryChainAt(this.#rpc, path, encodeAccountRequest(address), signal)
    this.#hear(height)
    return decodeAccountSequence(value)
  }

  /** A height that is committed now; asked for only where none was heard lately. */
  async #committedHeight(signal: AbortSignalLike): Promise<number> {
    if (this.#clock.nowMs() - this.#heard.atMs > CLIENT_LIMITS.heightFreshMs) {
      this.#hear((await this.#rpc.request((_comet, transport) => readNodeStatus(transport), signal)).height)
    }
    return this.#heard.height
  }

  #hear(height: number): void {
    if (height >= this.#heard.height) {
      this.#heard = { height, atMs: this.#clock.nowMs() }
    }
  }

  #remember(address: string, sequence: bigint): void {
    if (this.#sequences.size >= CLIENT_LIMITS.accounts) {
      this.#sequences.clear()
    }
    this.#sequences.set(address, sequence)
  }
}

function isWrongSequence(verdict: TxVerdict): boolean {
  return verdict.codespace === SDK && verdict.code === WRONG_SEQUENCE
}

/** CometBFT tells this as an error without a code of its own; the text is that of its 0.38. */
function isMempoolFull(error: unknown): boolean {
  return errorMessage(error).includes('mempool is full')
}

function fullVerdict(hash: string): TxVerdict {
  return { code: MEMPOOL_FULL, codespace: SDK, log: 'mempool is full', hash }
}
