/**
 * The wallet's procedures over vault, chain and host. Invariant: what moves money was shown before in every field and confirmed once; a
 * prepared send is used up by its confirmation whatever comes of it. Read next: vault.ts, sends.ts, ../keys/sign-policy.ts.
 */
import type { ChainPort, HostRecord } from '../../host/ports.ts'
import type { HostView } from '../../host/view.ts'
import type { WalletDesk } from '../../ipc/screen-router.ts'
import type { SentWire, WalletStateWire } from '../../ipc/wires/wallet-wire.ts'
import { WALLET_PATH } from '../../ipc/wires/wallet-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Rng } from '../../lib/runtime.ts'
import { tryDecodeAddress } from '../../protocol/address.ts'
import { MsgSetPayout } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { ClosableChainPort } from '../chain-port.ts'
import type { PreparedSend } from './sends.ts'
import { Sends } from './sends.ts'
import type { UseInput, Vault, VaultState } from './vault.ts'

export interface WalletDeskComponents {
  readonly clock: Clock
  readonly rng: Rng
  readonly vault: Vault
  readonly chain: Pick<ChainPort, 'chainId' | 'balance' | 'host' | 'params'> & Pick<ClosableChainPort, 'sendOnce'>
  readonly host: {
    readonly deviceAddress: string
    view(): Pick<HostView, 'joined' | 'phase' | 'record' | 'epoch'>
  }
  /** Stops the host and starts it again with the wallet that is there then. */
  readonly restartHost: () => Promise<void>
}

/** Blocks within which a confirmed transaction is in one, or never. */
const LIFETIME_BLOCKS = 40

export function createWalletDesk(components: WalletDeskComponents): WalletDesk {
  return new VaultDesk(components)
}

class VaultDesk implements WalletDesk {
  readonly #components: WalletDeskComponents
  readonly #vault: Vault
  readonly #sends: Sends

  constructor(components: WalletDeskComponents) {
    this.#components = components
    this.#vault = components.vault
    this.#sends = new Sends(components)
  }

  create(input: Parameters<WalletDesk['create']>[0]): ReturnType<WalletDesk['create']> {
    return this.#vault.create(input)
  }

  async restore(
    input: Parameters<WalletDesk['restore']>[0],
    signal: AbortSignalLike,
  ): ReturnType<WalletDesk['restore']> {
    const { chain } = this.#components
    const found = await this.#vault.restore(input)
    const [balance, record] = await Promise.all([
      chain.balance(found.address, signal),
      chain.host(found.address, signal),
    ])
    return { ...found, balance: balance.toString(), isRegistered: record !== undefined }
  }

  async use(input: UseInput): Promise<WalletStateWire> {
    const { joined, phase } = this.#components.host.view()
    if (joined || phase === 'leaving') {
      throw new CodedError('joined', 'leave first: this host takes part under the wallet that is here')
    }
    const before = this.#vault.state()?.address
    const state = await this.#vault.use(input)
    if (state.address === before) {
      return this.#wire(state)
    }
    await this.#components.restartHost()
    const { signer } = await this.#vault.hostSecrets()
    return walletStateOf(state, signer.identity.deviceAddress, undefined)
  }

  async unlock(input: Parameters<WalletDesk['unlock']>[0]): Promise<WalletStateWire> {
    return this.#wire(await this.#vault.unlock(input))
  }

  async lock(): Promise<WalletStateWire> {
    return this.#wire(await this.#vault.lock())
  }

  async protect(input: Parameters<WalletDesk['protect']>[0]): Promise<WalletStateWire> {
    return this.#wire(await this.#vault.protect(input))
  }

  reveal(input: Parameters<WalletDesk['reveal']>[0]): ReturnType<WalletDesk['reveal']> {
    return this.#vault.reveal(input)
  }

  async confirmBackup(input: Parameters<WalletDesk['confirmBackup']>[0]): Promise<WalletStateWire> {
    return this.#wire(await this.#vault.confirmBackup(input))
  }

  prepareSend(
    input: Parameters<WalletDesk['prepareSend']>[0],
    signal: AbortSignalLike,
  ): ReturnType<WalletDesk['prepareSend']> {
    return this.#sends.prepare(input, signal)
  }

  async confirmSend(
    { sendId, passphrase }: Parameters<WalletDesk['confirmSend']>[0],
    signal: AbortSignalLike,
  ): Promise<SentWire> {
    const send = this.#sends.get(sendId)
    return this.#whileOpen(passphrase, () => {
      // Only now: a mistyped passphrase may be typed again.
      this.#sends.useUp(sendId)
      return this.#signed(send, signal)
    })
  }

  async setPayout(
    { address, passphrase }: Parameters<WalletDesk['setPayout']>[0],
    signal: AbortSignalLike,
  ): Promise<SentWire> {
    if (address !== '' && tryDecodeAddress(address) === undefined) {
      throw new CodedError('bad_address', 'this is no tail1… address')
    }
    const owner = this.#vault.state()?.address ?? ''
    const value = MsgSetPayout.fromPartial({ owner, payout: address })
    const message = { typeUrl: '/tailrace.v1.MsgSetPayout', value } as const
    return this.#whileOpen(passphrase, () => this.#signed({ message, fee: 0n, memo: '' }, signal))
  }

  #wire(state: VaultState): WalletStateWire {
    const { host } = this.#components
    return walletStateOf(state, host.deviceAddress, host.view().record)
  }

  /** Opens a locked wallet for one purpose, and leaves an open one open. @throws CodedError `wallet_locked`, `wrong_passphrase` */
  async #whileOpen<T>(passphrase: string | undefined, work: () => Promise<T>): Promise<T> {
    const state = this.#vault.state()
    const isLocked = state?.state !== 'open'
    if (isLocked && passphrase === undefined) {
      throw new CodedError('wallet_locked', 'unlock the wallet first')
    }
    if (passphrase !== undefined) {
      await this.#vault.unlock({ passphrase })
    }
    try {
      return await work()
    } finally {
      if (isLocked && state?.protection === 'passphrase') {
        await this.#vault.lock()
      }
    }
  }

  async #signed(transaction: PreparedSend, signal: AbortSignalLike): Promise<SentWire> {
    const { chain, host } = this.#components
    const approval = await this.#vault.approve({ ...transaction, chainId: chain.chainId })
    try {
      const height = host.view().epoch?.height ?? 0
      const timeoutHeight = height === 0 ? 0n : BigInt(height + LIFETIME_BLOCKS)
      const outcome = await chain.sendOnce({ ...transaction, timeoutHeight }, signal)
      return { txHash: outcome.hash, height: outcome.height, code: outcome.code, log: outcome.log.slice(0, 1_024) }
    } finally {
      await this.#vault.withdraw(approval)
    }
  }
}

/** As every snapshot shows it. `record` counts where it is this wallet's. */
export function walletStateOf(
  state: VaultState,
  deviceAddress: string,
  record: HostRecord | undefined,
): WalletStateWire {
  const own = record?.owner === state.address ? record : undefined
  const expiryHeight = own?.deviceAddress === deviceAddress ? Number(own.deviceExpiryHeight) : 0
  return { ...state, payoutAddress: own?.payoutAddress ?? '', device: { address: deviceAddress, expiryHeight } }
}

/** The wallet of the host that runs; before there is one, the host's own address, with nothing that could be opened. */
export function hostWalletState(
  vault: Pick<Vault, 'state'>,
  host: {
    readonly keys: { readonly ownerAddress: string; readonly deviceAddress: string }
    readonly contributor: { view(): Pick<HostView, 'record'> }
  },
): WalletStateWire {
  const { ownerAddress, deviceAddress } = host.keys
  const state = vault.state() ?? {
    state: 'locked',
    protection: 'passphrase',
    isStarter: false,
    isBackedUp: false,
    wordCount: 0,
    address: ownerAddress,
    path: WALLET_PATH,
  }
  return walletStateOf(state, deviceAddress, host.contributor.view().record)
}
