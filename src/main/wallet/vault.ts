/**
 * The one holder of the owner's secret. Invariant: the secret is in memory only between opening and locking; the file is rewritten whole
 * or not at all; nothing here is told to a log. All calls take and give plain data, so the desktop puts a message port between.
 * Read next: open-vault.ts (the first start), create-vault.ts (the calls), vault-keeper.ts (what is held), envelope.ts (the file),
 * wallet-home.ts (crashes, older folders), wallet-desk.ts (what the screen asks).
 */
import type { WalletDraftWire, WalletFoundWire, WalletStateWire } from '../../ipc/wires/wallet-wire.ts'
import type { Clock, Logger, Rng } from '../../lib/runtime.ts'
import type { HostSecrets } from '../host-process.ts'
import type { Approval } from '../keys/approvals.ts'
import type { SystemStore } from './system-store.ts'
import type { WordCount } from './words.ts'

export type VaultState = Omit<WalletStateWire, 'payoutAddress' | 'device'>

export interface Vault {
  /** Undefined: there is no wallet yet (a public network, before the person made one). */
  state(): VaultState | undefined
  /** Called after each change of `state`. */
  onChange(listener: () => void): () => void
  /** What a host signs with; made anew for another wallet. @throws CodedError `wallet_needed` where there is none */
  hostSecrets(): Promise<HostSecrets>
  create(input: { readonly words: WordCount }): Promise<WalletDraftWire>
  /** @throws CodedError `bad_words` [position] */
  restore(input: { readonly words: readonly string[] }): Promise<Pick<WalletFoundWire, 'draftId' | 'address' | 'path'>>
  /**
   * The draft becomes the wallet; what was there is kept beside it. The host has to be started anew after it.
   * @throws CodedError `draft_unknown`, `backup_mismatch`, `passphrase_weak`, `passphrase_needed`, `not_confirmed`
   */
  use(input: UseInput): Promise<VaultState>
  /** @throws CodedError `wrong_passphrase`, `busy`, `system_store_failed` */
  unlock(input: { readonly passphrase: string }): Promise<VaultState>
  /** @throws CodedError `no_passphrase` where nothing would protect it */
  lock(): Promise<VaultState>
  /** @throws CodedError `wrong_passphrase`, `passphrase_weak`, `wallet_locked` */
  protect(input: { readonly current?: string | undefined; readonly next: string }): Promise<VaultState>
  /** @throws CodedError `no_words`, `wrong_passphrase`, `passphrase_needed` */
  reveal(input: { readonly passphrase?: string | undefined }): Promise<WalletDraftWire>
  confirmBackup(input: { readonly draftId: string; readonly answers: readonly string[] }): Promise<VaultState>
  /** A person confirmed it: may be signed once within two minutes. @throws CodedError `wallet_locked`, `busy` */
  approve(approval: Approval): Promise<number>
  withdraw(approvalId: number): Promise<void>
}

export interface UseInput {
  readonly draftId: string
  readonly answers: readonly string[]
  readonly passphrase?: string | undefined
  readonly replaces?: string | undefined
}

export interface VaultComponents {
  readonly clock: Clock
  readonly rng: Rng
  readonly logger: Logger
  readonly store?: SystemStore | undefined
}
