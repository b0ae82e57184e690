/** The vault's calls over what its keeper holds, one at a time. */
import type { WalletDraftWire } from '../../ipc/wires/wallet-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { KeyedLock } from '../../lib/keyed-lock.ts'
import type { Rng } from '../../lib/runtime.ts'
import type { HostSecrets } from '../host-process.ts'
import type { Approval } from '../keys/approvals.ts'
import type { Draft, Drafts } from './drafts.ts'
import { askedWords, createDrafts, requireAnswers } from './drafts.ts'
import { createTryLimit, requireStrong } from './passphrase.ts'
import type { UseInput, Vault, VaultComponents, VaultState } from './vault.ts'
import type { HeldWallet, VaultKeeper } from './vault-keeper.ts'
import { headerOf } from './wallet-home.ts'
import type { WordCount } from './words.ts'
import { entropyBytes, entropyOfWords, keyOfEntropy, wordsOfEntropy } from './words.ts'

const MOST_WAITING = 16

export function createVault(components: VaultComponents, keeper: VaultKeeper): Vault {
  return new KeeperVault(components, keeper)
}

class KeeperVault implements Vault {
  readonly #rng: Rng
  readonly #keeper: VaultKeeper
  readonly #drafts: Drafts
  readonly #tryOnce: () => void
  readonly #lock = new KeyedLock(MOST_WAITING)

  constructor({ clock, rng }: VaultComponents, keeper: VaultKeeper) {
    this.#rng = rng
    this.#keeper = keeper
    this.#drafts = createDrafts(clock, rng)
    this.#tryOnce = createTryLimit(clock)
  }

  state(): VaultState | undefined {
    return this.#keeper.held()?.state
  }

  onChange(listener: () => void): () => void {
    return this.#keeper.onChange(listener)
  }

  hostSecrets(): Promise<HostSecrets> {
    return this.#alone(() => this.#keeper.hostSecrets())
  }

  create({ words }: { readonly words: WordCount }): Promise<WalletDraftWire> {
    return this.#alone(async () => this.#show(await this.#draftOf('created', this.#rng.bytes(entropyBytes(words)))))
  }

  restore({ words }: Parameters<Vault['restore']>[0]): ReturnType<Vault['restore']> {
    return this.#alone(async () => {
      const draft = await this.#draftOf('restored', entropyOfWords(words))
      const { address, path } = draft.header
      return { draftId: this.#drafts.put(draft), address, path }
    })
  }

  use(input: UseInput): Promise<VaultState> {
    return this.#alone(async () => {
      const draft = this.#drafts.get(input.draftId, 'created', 'restored')
      requireAnswers(draft.asked, input.answers)
      requireReplaceable(this.#keeper.held(), draft, input.replaces)
      if (input.passphrase !== undefined) {
        requireStrong(input.passphrase)
      }
      const state = await this.#keeper.replace(draft, await this.#keeper.sealingFor(input.passphrase))
      this.#drafts.clear()
      return state
    })
  }

  unlock({ passphrase }: { readonly passphrase: string }): Promise<VaultState> {
    return this.#alone(() => {
      this.#tryOnce()
      return this.#keeper.open(passphrase)
    })
  }

  lock(): Promise<VaultState> {
    return this.#alone(async () => {
      this.#drafts.clear()
      return this.#keeper.close()
    })
  }

  protect({ current, next }: Parameters<Vault['protect']>[0]): Promise<VaultState> {
    return this.#alone(async () => {
      requireStrong(next)
      if (this.#keeper.mustHold().file.protection === 'passphrase') {
        this.#tryOnce()
        if (current === undefined) {
          throw new CodedError('wrong_passphrase', 'the passphrase of now is needed to change it')
        }
      }
      const state = await this.#keeper.reseal(await this.#keeper.peek(current), await this.#keeper.sealingFor(next))
      // Words that were shown before know the protection of before: what is confirmed by them must not bring it back.
      this.#drafts.clear()
      return state
    })
  }

  reveal({ passphrase }: Parameters<Vault['reveal']>[0]): Promise<WalletDraftWire> {
    return this.#alone(async () => {
      const { file } = this.#keeper.mustHold()
      if (file.wordCount === 0) {
        throw new CodedError('no_words', 'this wallet comes from an older folder and has no words')
      }
      if (file.protection === 'passphrase') {
        this.#tryOnce()
      }
      const opened = await this.#keeper.peek(passphrase)
      const asked = askedWords(wordsOfEntropy(opened.secret), this.#rng)
      return this.#show({ kind: 'revealed', ...opened, header: this.#keeper.headerNow(), asked })
    })
  }

  confirmBackup({ draftId, answers }: Parameters<Vault['confirmBackup']>[0]): Promise<VaultState> {
    return this.#alone(async () => {
      const draft = this.#drafts.get(draftId, 'revealed')
      requireAnswers(draft.asked, answers)
      if (draft.kind !== 'revealed') {
        throw new CodedError('draft_unknown', 'these words are of no wallet in use')
      }
      const state = await this.#keeper.markBackedUp(draft)
      this.#drafts.forget(draftId)
      return state
    })
  }

  approve(approval: Approval): Promise<number> {
    return this.#alone(async () => this.#keeper.approve(approval))
  }

  async withdraw(approvalId: number): Promise<void> {
    this.#keeper.withdraw(approvalId)
  }

  #alone<T>(action: () => Promise<T>): Promise<T> {
    return this.#lock.run('vault', action)
  }

  #show(draft: Draft): WalletDraftWire {
    const { address, path } = draft.header
    const words = wordsOfEntropy(draft.secret)
    return { draftId: this.#drafts.put(draft), words, address, path, ask: [...draft.asked.keys()] }
  }

  async #draftOf(kind: 'created' | 'restored', secret: Uint8Array): Promise<Draft> {
    const words = wordsOfEntropy(secret)
    const ownerKey = await keyOfEntropy(secret)
    const wordCount = words.length === 12 ? 12 : 24
    // Whoever restored a wallet has its words; a created one is used only after three of them were given back.
    const header = headerOf(ownerKey, { wordCount, isStarter: false, isBackedUp: true })
    const asked = kind === 'created' ? askedWords(words, this.#rng) : new Map<number, string>()
    return { kind, secret, ownerKey, header, asked }
  }
}

/** @throws CodedError `not_confirmed` */
function requireReplaceable(held: HeldWallet | undefined, draft: Draft, replaces: string | undefined): void {
  const isFree = held === undefined || held.file.isStarter || held.file.address === draft.header.address
  if (!isFree && replaces !== held.file.address) {
    throw new CodedError('not_confirmed', 'another wallet is here: say which one is replaced', {
      fields: { address: held.file.address },
    })
  }
}
