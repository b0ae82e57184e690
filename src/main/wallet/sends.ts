/** Transfers that were shown and wait to be confirmed: in memory, five minutes, eight at most, each used up by its confirmation. */
import type { ChainPort } from '../../host/ports.ts'
import type { HostView } from '../../host/view.ts'
import type { PreparedSendWire } from '../../ipc/wires/wallet-wire.ts'
import { toHex, utf8 } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Rng } from '../../lib/runtime.ts'
import { tryDecodeAddress } from '../../protocol/address.ts'
import { DENOM } from '../../protocol/params.ts'
import { TX_LIMITS } from '../../protocol/tx.ts'
import type { OwnerTransaction } from '../chain-port.ts'
import type { Vault } from './vault.ts'

export interface SendComponents {
  readonly clock: Clock
  readonly rng: Rng
  readonly vault: Pick<Vault, 'state'>
  readonly chain: Pick<ChainPort, 'balance' | 'host' | 'params'>
  readonly host: { view(): Pick<HostView, 'record'> }
}

export type PreparedSend = Omit<OwnerTransaction, 'timeoutHeight'>

interface SendInput {
  readonly to: string
  readonly amount: string
  readonly memo: string
}

const LIFE_MS = 5 * 60 * 1_000
const MOST_SENDS = 8
/** As the chain bounds it: src/protocol/messages.ts. */
const AMOUNT = /^[1-9][0-9]{0,29}$/

export class Sends {
  readonly #components: SendComponents
  readonly #waiting = new Map<string, { readonly send: PreparedSend; readonly untilMs: number }>()

  constructor(components: SendComponents) {
    this.#components = components
  }

  /** @throws CodedError `wallet_locked`, `bad_address`, `bad_amount`, `bad_memo`, `insufficient_funds` [balance, fee] */
  async prepare(input: SendInput, signal: AbortSignalLike): Promise<PreparedSendWire> {
    const { vault, chain } = this.#components
    const state = vault.state()
    if (state?.state !== 'open') {
      throw new CodedError('wallet_locked', 'unlock the wallet first')
    }
    requireSound(input)
    const { to, memo } = input
    const from = state.address
    const amount = BigInt(input.amount)
    const [balance, params] = await Promise.all([chain.balance(from, signal), chain.params(signal)])
    const fee = params.feePerMessage
    if (balance < amount + fee) {
      throw new CodedError('insufficient_funds', 'the balance does not cover the amount and the fee', {
        fields: { balance: balance.toString(), fee: fee.toString() },
      })
    }
    const remarks = await this.#remarksOf(to, from, signal)
    const value = { fromAddress: from, toAddress: to, amount: [{ denom: DENOM, amount: amount.toString() }] }
    const sendId = this.#put({ message: { typeUrl: '/cosmos.bank.v1beta1.MsgSend', value }, fee, memo })
    const balanceAfter = (balance - fee - (to === from ? 0n : amount)).toString()
    return { sendId, from, to, amount: amount.toString(), fee: fee.toString(), balanceAfter, remarks }
  }

  /** @throws CodedError `send_unknown` */
  get(sendId: string): PreparedSend {
    const found = this.#waiting.get(sendId)
    if (found === undefined || this.#components.clock.nowMs() >= found.untilMs) {
      this.#waiting.delete(sendId)
      throw new CodedError('send_unknown', 'this transfer is no longer held, or was sent: prepare it again')
    }
    return found.send
  }

  /** @throws CodedError `send_unknown` the second time */
  useUp(sendId: string): void {
    this.get(sendId)
    this.#waiting.delete(sendId)
  }

  #put(send: PreparedSend): string {
    const { clock, rng } = this.#components
    const [oldest] = this.#waiting.keys()
    if (this.#waiting.size >= MOST_SENDS && oldest !== undefined) {
      this.#waiting.delete(oldest)
    }
    const sendId = toHex(rng.bytes(16))
    this.#waiting.set(sendId, { send, untilMs: clock.nowMs() + LIFE_MS })
    return sendId
  }

  async #remarksOf(to: string, from: string, signal: AbortSignalLike): Promise<PreparedSendWire['remarks']> {
    const { chain, host } = this.#components
    if (to === from) {
      return ['to_self']
    }
    const { record } = host.view()
    const isPayout = record?.owner === from && record.payoutAddress === to
    const [balance, known] = await Promise.all([chain.balance(to, signal), chain.host(to, signal)])
    const isNew = balance === 0n && known === undefined
    return [...(isPayout ? (['to_payout'] as const) : []), ...(isNew ? (['new_address'] as const) : [])]
  }
}

function requireSound({ to, amount, memo }: SendInput): void {
  if (tryDecodeAddress(to) === undefined) {
    throw new CodedError('bad_address', 'this is no tail1… address')
  }
  if (!AMOUNT.test(amount)) {
    throw new CodedError('bad_amount', 'the amount is a positive whole number of utail')
  }
  if (utf8(memo).length > TX_LIMITS.memoCharacters) {
    throw new CodedError('bad_memo', `a memo has at most ${TX_LIMITS.memoCharacters} bytes`)
  }
}
