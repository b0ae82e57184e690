/**
 * What a vault holds: the file as it is on disk and, while it is open, its secret. Invariant: memory changes after the disk did, so a
 * failed write leaves the wallet as it was; a signer that was handed out for one wallet signs nothing with another.
 */
import { fromHex } from '../../lib/bytes.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { HostSecrets } from '../host-process.ts'
import type { Approval } from '../keys/approvals.ts'
import { createApprovals } from '../keys/approvals.ts'
import { createLocalSigner } from '../keys/local-signer.ts'
import type { OpenedWallet, Sealing, WalletFile, WalletHeader, WalletSecret } from './envelope.ts'
import { openWallet, sealingOfPassphrase, sealWallet } from './envelope.ts'
import type { ScryptCost } from './passphrase.ts'
import type { VaultComponents, VaultState } from './vault.ts'
import type { WalletHome } from './wallet-home.ts'

export interface HeldWallet {
  readonly file: WalletFile
  readonly opened: OpenedWallet | undefined
  readonly state: VaultState
}

export class VaultKeeper {
  readonly #components: VaultComponents
  readonly #home: WalletHome
  readonly #cost: ScryptCost
  readonly #approvals: ReturnType<typeof createApprovals>
  readonly #listeners = new Set<() => void>()
  #held: HeldWallet | undefined

  constructor(components: VaultComponents, home: WalletHome, cost: ScryptCost) {
    this.#components = components
    this.#home = home
    this.#cost = cost
    this.#approvals = createApprovals(components.clock)
  }

  held(): HeldWallet | undefined {
    return this.#held
  }

  /** @throws CodedError `wallet_needed` */
  mustHold(): HeldWallet {
    if (this.#held === undefined) {
      throw new CodedError('wallet_needed', 'there is no wallet yet: make one, or restore yours from its words')
    }
    return this.#held
  }

  headerNow(): WalletHeader {
    const { version, address, publicKey, path, wordCount, isStarter, isBackedUp } = this.mustHold().file
    return { version, address, publicKey, path, wordCount, isStarter, isBackedUp }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes over what lies on disk, opened where nobody has to be asked. */
  async takeOver(file: WalletFile): Promise<void> {
    this.#hold(file, undefined)
    if (file.protection !== 'passphrase') {
      try {
        await this.open(undefined)
      } catch (error) {
        if (errorCode(error) !== 'system_store_failed') {
          throw error
        }
        // Locked: the person is told so, and can try again.
        this.#components.logger.log('warn', 'the wallet stays locked', { code: errorCode(error) })
      }
    }
  }

  async open(passphrase: string | undefined): Promise<VaultState> {
    const { file } = this.mustHold()
    return this.#hold(file, await openWallet(file, { passphrase, store: this.#components.store }))
  }

  close(): VaultState {
    const { file, opened } = this.mustHold()
    if (file.protection !== 'passphrase') {
      throw new CodedError('no_passphrase', 'set a passphrase first: without one anybody here could open it again')
    }
    opened?.secret.fill(0)
    opened?.ownerKey.fill(0)
    return this.#hold(file, undefined)
  }

  /** The secret for one purpose: with the passphrase where there is one, else of the open wallet. */
  async peek(passphrase: string | undefined): Promise<OpenedWallet> {
    const { file } = this.mustHold()
    return openWallet(file, { passphrase, store: this.#components.store })
  }

  /** @throws CodedError `passphrase_needed` where the system has no sound key store */
  async sealingFor(passphrase: string | undefined): Promise<Sealing> {
    const { rng, store } = this.#components
    if (passphrase !== undefined) {
      return sealingOfPassphrase(passphrase, this.#cost, rng)
    }
    if (store === undefined || !(await store.isSound())) {
      throw new CodedError('passphrase_needed', 'this system has no key store that could protect the wallet')
    }
    return { protection: 'system', store }
  }

  /** Another wallet, or the same one from its words (a forgotten passphrase). */
  async replace(next: WalletSecret & { readonly header: WalletHeader }, sealing: Sealing): Promise<VaultState> {
    const before = this.#held
    if (before !== undefined && before.file.address !== next.header.address) {
      await this.#keepBeside(before, sealing)
    }
    const state = await this.#save(next.header, next, sealing)
    await this.#sealArchive(sealing)
    return state
  }

  async reseal(opened: WalletSecret, sealing: Sealing): Promise<VaultState> {
    const state = await this.#save(this.headerNow(), opened, sealing)
    await this.#sealArchive(sealing)
    return state
  }

  markBackedUp(draft: OpenedWallet): Promise<VaultState> {
    const isOpen = this.mustHold().opened !== undefined
    return this.#save({ ...this.headerNow(), isBackedUp: true }, draft, draft.sealing, isOpen)
  }

  async hostSecrets(): Promise<HostSecrets> {
    const { file } = this.mustHold()
    const { address } = file
    const { deviceKey, peerKey } = this.#home.machineKeys(address, this.#components.rng)
    const signer = createLocalSigner({
      ownerPublicKey: fromHex(file.publicKey),
      ownerKey: () => (this.#held?.file.address === address ? this.#held.opened?.ownerKey : undefined),
      deviceKey,
      approvals: this.#approvals,
    })
    return { signer, peerKey }
  }

  approve(approval: Approval): number {
    if (this.mustHold().opened === undefined) {
      throw new CodedError('wallet_locked', 'unlock the wallet first')
    }
    return this.#approvals.approve(approval)
  }

  withdraw(approvalId: number): void {
    this.#approvals.withdraw(approvalId)
  }

  async #save(
    header: WalletHeader,
    { secret, ownerKey }: WalletSecret,
    sealing: Sealing,
    isOpen = true,
  ): Promise<VaultState> {
    const file = await sealWallet(header, secret, sealing, this.#components.rng)
    this.#home.save(file)
    // Copies: whoever locks wipes what is held here, and no draft with it.
    const opened = { secret: secret.slice(), ownerKey: ownerKey.slice(), sealing }
    return this.#hold(file, isOpen ? opened : undefined)
  }

  /** A replaced wallet that lay open is kept under the protection of the next one. */
  async #keepBeside({ file, opened }: HeldWallet, sealing: Sealing): Promise<void> {
    const isClear = file.protection === 'none' && opened !== undefined
    this.#home.archive(
      isClear ? await sealWallet(this.headerNow(), opened.secret, sealing, this.#components.rng) : file,
    )
  }

  /** From the first protection on nothing of an earlier wallet lies in the clear. */
  async #sealArchive(sealing: Sealing): Promise<void> {
    for (const file of this.#home.archived()) {
      if (file.protection === 'none' && sealing.protection !== 'none') {
        const { protection: _open, secret, ...header } = file
        this.#home.archive(await sealWallet(header, fromHex(secret), sealing, this.#components.rng))
      }
    }
  }

  #hold(file: WalletFile, opened: OpenedWallet | undefined): VaultState {
    const { address, path, protection, isStarter, isBackedUp, wordCount } = file
    const state: VaultState = {
      state: opened === undefined ? 'locked' : 'open',
      ...{ address, path, protection, isStarter, isBackedUp, wordCount },
    }
    this.#held = { file, opened, state }
    for (const listener of [...this.#listeners]) {
      listener()
    }
    return state
  }
}
