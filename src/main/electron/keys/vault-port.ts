/**
 * The vault across a process boundary: main holds the wallet, the core's wallet desk asks. Invariant: the owner's secret stays in main; what
 * moves money is signed only after main itself asked the person (`confirm`), so a core that was taken over can at most make a window appear.
 * Words and passphrases do pass through the core on their way from and to the screen, at the moment they are shown or typed.
 */
import { z } from 'zod'
import type { PortEnd } from '../../../ipc/port-transport.ts'
import { hexSchema } from '../../../ipc/wire.ts'
import { walletContractSchemas, walletDraftSchema, walletStateSchema } from '../../../ipc/wires/wallet-wire.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import type { Logger } from '../../../lib/runtime.ts'
import { schemaVerdict } from '../../../lib/schema-verdict.ts'
import type { MessageKind, TypedMessage } from '../../../protocol/messages.ts'
import { decodeMessage, MESSAGE_KINDS } from '../../../protocol/messages.ts'
import type { Approval } from '../../keys/approvals.ts'
import type { Signer } from '../../keys/signer.ts'
import type { Vault, VaultState } from '../../wallet/vault.ts'
import type { PortMethod } from './call-port.ts'
import { createAsk, portMethod, serveCalls } from './call-port.ts'
import { MAX_SIGN_BYTES, signerMethods, signerOver } from './signer-port.ts'

const nothingSchema = z.undefined()
const stateSchema = walletStateSchema.omit({ payoutAddress: true, device: true })
const stateNoticeSchema = z.object({ state: stateSchema.optional() })
const secretsSchema = z.object({
  peerKey: z.instanceof(Uint8Array).refine((bytes) => bytes.length === 32),
})
const foundSchema = z.object({ draftId: hexSchema(16), address: z.string().max(64), path: z.string().max(64) })
const approvalSchema = z.object({
  chainId: z.string().max(64),
  typeUrl: z.string().max(128),
  message: z.instanceof(Uint8Array).refine((bytes) => bytes.length <= MAX_SIGN_BYTES),
  fee: z.bigint().nonnegative(),
  memo: z.string().max(1_024),
})
const idSchema = z.number().int().nonnegative()

export interface ServedVault {
  readonly vault: Vault
  /** Asks the person, in a window of main's own, whether exactly this is to be signed. */
  readonly confirm: (approval: Approval) => Promise<boolean>
  readonly logger: Logger
}

/** Serves until the port closes, and tells each change of the vault's state. */
export function serveVault(end: PortEnd, served: ServedVault): void {
  const { vault, logger } = served
  const unsubscribe = vault.onChange(() => end.post({ state: vault.state() }))
  end.onClose(unsubscribe)
  let signer: Signer | undefined
  const current = (): Signer => {
    if (signer === undefined) {
      throw new CodedError('wallet_needed', 'no host has asked for its keys yet')
    }
    return signer
  }
  const methods: [string, PortMethod][] = [
    ...signerMethods(current),
    ['state', portMethod(nothingSchema, async () => ({ state: vault.state() }))],
    [
      'hostSecrets',
      portMethod(nothingSchema, async () => {
        const secrets = await vault.hostSecrets()
        signer = secrets.signer
        return { peerKey: secrets.peerKey }
      }),
    ],
    ...walletMethods(served),
  ]
  serveCalls(end, new Map(methods), logger)
}

function walletMethods({ vault, confirm }: ServedVault): [string, PortMethod][] {
  const { create, restore, use, unlock, protect, reveal, confirmBackup } = walletContractSchemas
  return [
    ['create', portMethod(create.input, (input) => vault.create(input))],
    ['restore', portMethod(restore.input, (input) => vault.restore(input))],
    ['use', portMethod(use.input, (input) => vault.use(input))],
    ['unlock', portMethod(unlock.input, (input) => vault.unlock(input))],
    ['lock', portMethod(nothingSchema, () => vault.lock())],
    ['protect', portMethod(protect.input, (input) => vault.protect(input))],
    ['reveal', portMethod(reveal.input, (input) => vault.reveal(input))],
    ['confirmBackup', portMethod(confirmBackup.input, (input) => vault.confirmBackup(input))],
    [
      'approve',
      portMethod(approvalSchema, async ({ chainId, typeUrl, message, fee, memo }) => {
        const approval = { chainId, message: decodeMessage(typeUrl, message), fee, memo }
        if (!(await confirm(approval))) {
          throw new CodedError('not_confirmed', 'the person did not confirm it')
        }
        return vault.approve(approval)
      }),
    ],
    ['withdraw', portMethod(idSchema, (id) => vault.withdraw(id))],
  ]
}

/** The vault as the core sees it. @throws CodedError `connection_lost` */
export async function connectVault(end: PortEnd): Promise<Vault> {
  const listeners = new Set<() => void>()
  let state: VaultState | undefined
  end.onMessage((message) => {
    const notice = schemaVerdict(stateNoticeSchema.strict(), message)
    if (notice.success) {
      state = notice.data.state
      for (const listener of [...listeners]) {
        listener()
      }
    }
  })
  const ask = createAsk(end)
  state = (await ask('state', undefined, stateNoticeSchema)).state
  return {
    state: () => state,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async hostSecrets() {
      const { peerKey } = await ask('hostSecrets', undefined, secretsSchema)
      return { peerKey, signer: await signerOver(ask) }
    },
    create: (input) => ask('create', input, walletDraftSchema),
    restore: (input) => ask('restore', input, foundSchema),
    use: (input) => ask('use', input, stateSchema),
    unlock: (input) => ask('unlock', input, stateSchema),
    lock: () => ask('lock', undefined, stateSchema),
    protect: (input) => ask('protect', input, stateSchema),
    reveal: (input) => ask('reveal', input, walletDraftSchema),
    confirmBackup: (input) => ask('confirmBackup', input, stateSchema),
    approve: ({ chainId, message, fee, memo }) =>
      ask('approve', { chainId, typeUrl: message.typeUrl, message: bytesOf(message), fee, memo }, idSchema),
    async withdraw(id) {
      await ask('withdraw', id, z.unknown())
    },
  }
}

function bytesOf({ typeUrl, value }: TypedMessage): Uint8Array {
  const kind = MESSAGE_KINDS[typeUrl] as MessageKind<unknown>
  return kind.codec.encode(value).finish()
}
