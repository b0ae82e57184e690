/**
 * A wallet without a chain for tests of the screen: it keeps the rules of src/ipc/wires/wallet-wire.ts (drafts that are used once, positions
 * that are asked, passphrases that must fit, sends that happen once) over words and addresses that are made up. No key is in it.
 */
import type { WalletDesk } from '../../../src/ipc/screen-router.ts'
import type { PreparedSendWire, SentWire, WalletStateWire } from '../../../src/ipc/wires/wallet-wire.ts'
import { MIN_PASSPHRASE_CHARACTERS, WALLET_PATH } from '../../../src/ipc/wires/wallet-wire.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'

export const PHRASE_12 = 'orbit stable river gadget lemon vivid copper arrow winter puzzle hazard cloud'.split(' ')
export const PHRASE_24 = [
  ...PHRASE_12,
  ...'tiger mango velvet anchor ripple basket ocean tunnel gravity pepper salmon wisdom'.split(' '),
]
/** Of the words in `PHRASE_12`, as this wallet makes them up. */
export const NEW_ADDRESS = 'tail1n0e9wq7x5c3v2m8k4j6h0f2d9s7a5p3z8u6y4t'
export const RESTORED_ADDRESS = 'tail1r3s5t7u9v2w4x6y8z0q2p4m6n8k0j3h5g7f9d'
export const PASSPHRASE = 'seven green kettles sail'

export const SEND_FEE = '2500'
const ASK = [3, 7, 11]
const TX_HASH = 'C4'.repeat(32)

export interface FakeWalletOptions {
  readonly state: WalletStateWire
  readonly balance: string
  readonly passphrase?: string
  /** What the operating system offers. */
  readonly hasSystemStore?: boolean
  /** Called with each new state: what the snapshot shows then. */
  readonly onState?: (state: WalletStateWire) => void
  /** Addresses that this chain has seen. */
  readonly known?: readonly string[]
}

export class FakeWallet implements WalletDesk {
  /** Names of the calls, in order; never what a person typed. */
  readonly calls: string[] = []
  joined = false
  /** Thrown by the next call, once. */
  nextError: CodedError | undefined
  /** The chain's answer to what is signed. */
  sent: SentWire = { txHash: TX_HASH, height: 151, code: 0, log: '' }
  /** Held back until it resolves: for a call that is under way. */
  hold: Promise<void> | undefined
  #state: WalletStateWire
  #passphrase: string | undefined
  readonly #options: FakeWalletOptions
  readonly #drafts = new Map<
    string,
    { readonly words: readonly string[]; readonly address: string; readonly ask: readonly number[] }
  >()
  readonly #sends = new Map<string, PreparedSendWire>()
  #count = 0

  constructor(options: FakeWalletOptions) {
    this.#options = options
    this.#state = options.state
    this.#passphrase = options.passphrase
  }

  get state(): WalletStateWire {
    return this.#state
  }

  async create({ words }: Parameters<WalletDesk['create']>[0]): ReturnType<WalletDesk['create']> {
    await this.#call('create')
    return this.#draft(words === 12 ? PHRASE_12 : PHRASE_24, NEW_ADDRESS)
  }

  async restore({ words }: Parameters<WalletDesk['restore']>[0]): ReturnType<WalletDesk['restore']> {
    await this.#call('restore')
    const wrong = words.findIndex((word) => !PHRASE_24.includes(word))
    if (wrong >= 0) {
      throw refusal('bad_words', { position: wrong + 1 })
    }
    if (words.join(' ') !== PHRASE_12.join(' ') && words.join(' ') !== PHRASE_24.join(' ')) {
      throw refusal('bad_words', { position: 0 })
    }
    const { draftId } = this.#draft(words, RESTORED_ADDRESS, [])
    return { draftId, address: RESTORED_ADDRESS, path: WALLET_PATH, balance: '42500000', isRegistered: true }
  }

  async use(input: Parameters<WalletDesk['use']>[0]): Promise<WalletStateWire> {
    await this.#call('use')
    const draft = this.#drafts.get(input.draftId)
    if (draft === undefined) {
      throw refusal('draft_unknown')
    }
    compareAnswers(draft, input.answers)
    if (this.joined) {
      throw refusal('joined')
    }
    if (!this.#state.isStarter && this.#state.address !== '' && input.replaces !== this.#state.address) {
      throw refusal('not_confirmed')
    }
    if (input.passphrase === undefined && this.#options.hasSystemStore !== true) {
      throw refusal('passphrase_needed')
    }
    requireStrong(input.passphrase)
    this.#drafts.delete(input.draftId)
    this.#passphrase = input.passphrase
    return this.#set({
      ...this.#state,
      state: 'open',
      protection: input.passphrase === undefined ? 'system' : 'passphrase',
      isStarter: false,
      isBackedUp: true,
      wordCount: draft.words.length === 12 ? 12 : 24,
      address: draft.address,
      payoutAddress: '',
    })
  }

  async unlock({ passphrase }: { readonly passphrase: string }): Promise<WalletStateWire> {
    await this.#call('unlock')
    this.#requirePassphrase(passphrase)
    return this.#set({ ...this.#state, state: 'open' })
  }

  async lock(): Promise<WalletStateWire> {
    await this.#call('lock')
    return this.#set({ ...this.#state, state: 'locked' })
  }

  async protect(input: Parameters<WalletDesk['protect']>[0]): Promise<WalletStateWire> {
    await this.#call('protect')
    this.#requirePassphrase(input.current)
    requireStrong(input.next)
    this.#passphrase = input.next
    return this.#set({ ...this.#state, protection: 'passphrase' })
  }

  async reveal(input: Parameters<WalletDesk['reveal']>[0]): ReturnType<WalletDesk['reveal']> {
    await this.#call('reveal')
    this.#requirePassphrase(input.passphrase)
    if (this.#state.wordCount === 0) {
      throw refusal('no_words')
    }
    return this.#draft(this.#state.wordCount === 12 ? PHRASE_12 : PHRASE_24, this.#state.address)
  }

  async confirmBackup(input: Parameters<WalletDesk['confirmBackup']>[0]): Promise<WalletStateWire> {
    await this.#call('confirmBackup')
    const draft = this.#drafts.get(input.draftId)
    if (draft === undefined) {
      throw refusal('draft_unknown')
    }
    compareAnswers(draft, input.answers)
    return this.#set({ ...this.#state, isBackedUp: true })
  }

  async prepareSend(input: Parameters<WalletDesk['prepareSend']>[0]): Promise<PreparedSendWire> {
    await this.#call('prepareSend')
    this.#requireOpen()
    if (!input.to.startsWith('tail1') || input.to.length < 39) {
      throw refusal('bad_address')
    }
    const left = BigInt(this.#options.balance) - BigInt(input.amount) - BigInt(SEND_FEE)
    if (left < 0n) {
      throw refusal('insufficient_funds', { balance: this.#options.balance, fee: SEND_FEE })
    }
    const isOwn = input.to === this.#state.address
    const isPayout = input.to === this.#state.payoutAddress
    const isKnown = isOwn || isPayout || (this.#options.known ?? []).includes(input.to)
    const prepared: PreparedSendWire = {
      sendId: this.#id(),
      from: this.#state.address,
      to: input.to,
      amount: input.amount,
      fee: SEND_FEE,
      balanceAfter: left.toString(),
      remarks: [
        ...(isOwn ? ['to_self' as const] : []),
        ...(isPayout ? ['to_payout' as const] : []),
        ...(isKnown ? [] : ['new_address' as const]),
      ],
    }
    this.#sends.set(prepared.sendId, prepared)
    return prepared
  }

  async confirmSend({ sendId }: Parameters<WalletDesk['confirmSend']>[0]): Promise<SentWire> {
    await this.#call('confirmSend')
    this.#requireOpen()
    if (!this.#sends.delete(sendId)) {
      throw refusal('send_unknown')
    }
    return this.sent
  }

  async setPayout({ address }: Parameters<WalletDesk['setPayout']>[0]): Promise<SentWire> {
    await this.#call('setPayout')
    this.#requireOpen()
    if (address !== '' && address.length < 39) {
      throw refusal('bad_address')
    }
    this.#set({ ...this.#state, payoutAddress: address })
    return this.sent
  }

  async #call(name: string): Promise<void> {
    this.calls.push(name)
    await this.hold
    const error = this.nextError
    this.nextError = undefined
    if (error !== undefined) {
      throw error
    }
  }

  #draft(
    words: readonly string[],
    address: string,
    ask: readonly number[] = ASK,
  ): Awaited<ReturnType<WalletDesk['create']>> {
    const draftId = this.#id()
    this.#drafts.set(draftId, { words, address, ask })
    return { draftId, words: [...words], address, path: WALLET_PATH, ask: [...ask] }
  }

  #id(): string {
    this.#count += 1
    return this.#count.toString(16).padStart(32, '0')
  }

  #set(state: WalletStateWire): WalletStateWire {
    this.#state = state
    this.#options.onState?.(state)
    return state
  }

  #requireOpen(): void {
    if (this.#state.state === 'locked') {
      throw refusal('wallet_locked')
    }
  }

  #requirePassphrase(given: string | undefined): void {
    if (this.#state.protection === 'passphrase' && given !== this.#passphrase) {
      throw refusal('wrong_passphrase')
    }
  }
}

function compareAnswers(
  { words, ask }: { readonly words: readonly string[]; readonly ask: readonly number[] },
  answers: readonly string[],
): void {
  const wrong = ask.find((position, index) => answers[index] !== words[position - 1])
  if (wrong !== undefined) {
    throw refusal('backup_mismatch', { position: wrong })
  }
}

function requireStrong(passphrase: string | undefined): void {
  if (passphrase !== undefined && (passphrase.length < MIN_PASSPHRASE_CHARACTERS || new Set(passphrase).size < 5)) {
    throw refusal('passphrase_weak')
  }
}

function refusal(code: string, fields: Readonly<Record<string, string | number>> = {}): CodedError {
  return new CodedError(code, code, { fields })
}
