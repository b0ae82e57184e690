import type { ReactNode } from 'react'
import { useState } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { WalletStateWire } from '../../../ipc/wires/wallet-wire.ts'
import type { CodedError } from '../../../lib/coded-error.ts'
import { FlowFault, FlowForm, TextField } from '../flow/flow-frame.tsx'
import { walletErrorSentence } from '../words/wallet-words.ts'
import { NewPassphraseFields, NO_PASSPHRASE, newPassphraseFault } from './passphrase-fields.tsx'

/** What of the snapshot a change of the wallet needs. */
export type WalletScene = Pick<ScreenSnapshot, 'wallet' | 'shell' | 'joined'>

interface ProtectStepProps {
  readonly scene: WalletScene
  readonly error: CodedError | undefined
  readonly isBusy: boolean
  readonly onUse: (choice: { readonly passphrase?: string; readonly replaces?: string }) => void
}

const TAIL_CHARACTERS = 6

/** The last step before a wallet is this computer's: how it is kept, and that the person knows which one goes. */
export function ProtectStep({ scene, error, isBusy, onUse }: ProtectStepProps): ReactNode {
  const { wallet, shell, joined } = scene
  const [bySystem, setBySystem] = useState(shell === 'desktop')
  const [passphrase, setPassphrase] = useState(NO_PASSPHRASE)
  const [typedEnd, setTypedEnd] = useState('')
  const [fault, setFault] = useState<string | undefined>(undefined)
  // The system turned out to have no sound store.
  const needsPassphrase = !bySystem || error?.code === 'passphrase_needed'
  const replaces = wallet.isStarter || wallet.address === '' ? undefined : wallet.address
  const submit = () => {
    const next = faultOf(needsPassphrase ? newPassphraseFault(passphrase) : undefined, replaces, typedEnd)
    setFault(next)
    if (next === undefined) {
      onUse({
        ...(needsPassphrase ? { passphrase: passphrase.value } : {}),
        ...(replaces === undefined ? {} : { replaces }),
      })
    }
  }
  return (
    <FlowForm onSubmit={submit}>
      {joined && (
        <p className="flow-note" data-tone="warning">
          Your host takes part right now. Finish or leave before the last click here: the wallet cannot change under it.
        </p>
      )}
      {shell === 'desktop' && error?.code !== 'passphrase_needed' && (
        <KeptBy bySystem={bySystem} onChange={setBySystem} />
      )}
      {needsPassphrase && <NewPassphraseFields value={passphrase} onChange={setPassphrase} />}
      {replaces !== undefined && <Replaced wallet={wallet} typedEnd={typedEnd} onTypedEnd={setTypedEnd} />}
      <FlowFault text={fault ?? (error === undefined ? undefined : walletErrorSentence(error))} />
      <div className="flow-buttons">
        <button type="submit" className="button button-main" disabled={isBusy} data-testid="use-wallet">
          {isBusy ? 'Encrypting and starting anew …' : 'Use this wallet'}
        </button>
      </div>
    </FlowForm>
  )
}

function faultOf(passphrase: string | undefined, replaces: string | undefined, typedEnd: string): string | undefined {
  if (passphrase !== undefined) {
    return passphrase
  }
  const typed = typedEnd.trim().toLowerCase()
  const isConfirmed = replaces === undefined || (typed.length >= TAIL_CHARACTERS && replaces.endsWith(typed))
  return isConfirmed ? undefined : `Type the last ${TAIL_CHARACTERS} characters of the wallet that goes.`
}

interface ReplacedProps {
  readonly wallet: WalletStateWire
  readonly typedEnd: string
  readonly onTypedEnd: (typed: string) => void
}

/** Which wallet goes, and what brings it back. */
function Replaced({ wallet, typedEnd, onTypedEnd }: ReplacedProps): ReactNode {
  return (
    <div className="flow-note" data-tone="warning" data-testid="replaces">
      <p>
        <strong>This takes the place of {wallet.address}.</strong>{' '}
        {wallet.isBackedUp
          ? 'Its words on your paper are the only way back to it.'
          : 'Its words were never written down: its coins will be lost. Back it up or send them away first.'}
      </p>
      <TextField
        label={`To confirm, type its last ${TAIL_CHARACTERS} characters`}
        kind="address"
        maxLength={64}
        hint={`They are ${wallet.address.slice(-TAIL_CHARACTERS)}`}
        value={typedEnd}
        onChange={onTypedEnd}
      />
    </div>
  )
}

interface KeptByProps {
  readonly bySystem: boolean
  readonly onChange: (bySystem: boolean) => void
}

function KeptBy({ bySystem, onChange }: KeptByProps): ReactNode {
  return (
    <fieldset className="choices">
      <legend className="field-label">What keeps it</legend>
      <label className="choice">
        <input type="radio" name="kept-by" checked={bySystem} onChange={() => onChange(true)} />
        <span>
          <strong>The system’s key store</strong>
          <span className="choice-hint">Opens with your session. No passphrase to type.</span>
        </span>
      </label>
      <label className="choice">
        <input type="radio" name="kept-by" checked={!bySystem} onChange={() => onChange(false)} />
        <span>
          <strong>A passphrase</strong>
          <span className="choice-hint">
            Asked for each time the wallet is unlocked. Safe even from other programs.
          </span>
        </span>
      </label>
    </fieldset>
  )
}
