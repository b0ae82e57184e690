/** What a person does with the wallet that is there: unlock it, give it a passphrase, back it up. */
import type { ReactNode } from 'react'
import { useState } from 'react'
import type { WalletDraftWire, WalletStateWire } from '../../../ipc/wires/wallet-wire.ts'
import { FlowFault, FlowForm, FlowFrame } from '../flow/flow-frame.tsx'
import { useCall } from '../flow/use-call.ts'
import { walletErrorSentence } from '../words/wallet-words.ts'
import { NewPassphraseFields, NO_PASSPHRASE, newPassphraseFault, PassphraseField } from './passphrase-fields.tsx'
import { BackupCheck, WordsStep } from './words-step.tsx'

export interface FlowEnds {
  readonly onClose: () => void
  readonly onDone: (word: string) => void
}

/** The passphrase, asked for where the wallet is locked; also in the middle of another flow. */
export function UnlockForm({ onUnlocked }: { readonly onUnlocked: () => void }): ReactNode {
  const [passphrase, setPassphrase] = useState('')
  const [isEmpty, setEmpty] = useState(false)
  const call = useCall()
  const unlock = async () => {
    setEmpty(passphrase === '')
    if (passphrase === '') {
      return
    }
    const opened = await call.run((client) => client.wallet.unlock({ passphrase }))
    setPassphrase('')
    if (opened !== undefined) {
      onUnlocked()
    }
  }
  const fault = call.error === undefined ? undefined : walletErrorSentence(call.error)
  return (
    <FlowForm onSubmit={() => void unlock()}>
      <PassphraseField label="Passphrase" value={passphrase} onChange={setPassphrase} />
      <FlowFault text={isEmpty ? 'Type the passphrase.' : fault} />
      <div className="flow-buttons">
        <button type="submit" className="button button-main" disabled={call.isBusy} data-testid="unlock">
          {call.isBusy ? 'Unlocking …' : 'Unlock'}
        </button>
      </div>
    </FlowForm>
  )
}

interface UnlockFirstProps {
  readonly title: string
  readonly testId: string
  readonly onClose: () => void
  readonly onUnlocked: () => void
}

/** In the place of a flow that signs, while the wallet is locked. */
export function UnlockFirst({ title, testId, onClose, onUnlocked }: UnlockFirstProps): ReactNode {
  return (
    <FlowFrame title={title} onClose={onClose} testId={testId}>
      <p className="flow-text">The wallet is locked. Unlock it first.</p>
      <UnlockForm onUnlocked={onUnlocked} />
    </FlowFrame>
  )
}

export function UnlockFlow({ onClose, onDone }: FlowEnds): ReactNode {
  return (
    <FlowFrame title="Unlock the wallet" onClose={onClose} testId="flow-unlock">
      <p className="flow-text">
        Races, checks and paid work go on with the device key while it is locked. Only sending, the payout address and
        the words need it open.
      </p>
      <UnlockForm onUnlocked={() => onDone('The wallet is open.')} />
    </FlowFrame>
  )
}

export function ProtectFlow({ wallet, onClose, onDone }: FlowEnds & { readonly wallet: WalletStateWire }): ReactNode {
  const hasOne = wallet.protection === 'passphrase'
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState(NO_PASSPHRASE)
  const [fault, setFault] = useState<string | undefined>(undefined)
  const call = useCall()
  const protect = async () => {
    const wrong = hasOne && current === '' ? 'Type the present passphrase.' : newPassphraseFault(next)
    setFault(wrong)
    if (wrong !== undefined) {
      return
    }
    const input = { next: next.value, ...(hasOne ? { current } : {}) }
    if ((await call.run((client) => client.wallet.protect(input))) !== undefined) {
      onDone(hasOne ? 'The passphrase is changed.' : 'The wallet has a passphrase now.')
    }
  }
  const refusal = call.error === undefined ? undefined : walletErrorSentence(call.error)
  return (
    <FlowFrame title={hasOne ? 'Change the passphrase' : 'Set a passphrase'} onClose={onClose} testId="flow-protect">
      <p className="flow-text">
        It encrypts the wallet on this computer. Nobody can bring it back: who forgets it needs the words.
      </p>
      <FlowForm onSubmit={() => void protect()}>
        {hasOne && <PassphraseField label="Present passphrase" value={current} onChange={setCurrent} />}
        <NewPassphraseFields value={next} onChange={setNext} />
        <FlowFault text={fault ?? refusal} />
        <div className="flow-buttons">
          <button type="submit" className="button button-main" disabled={call.isBusy} data-testid="protect">
            {call.isBusy ? 'Encrypting …' : 'Encrypt with it'}
          </button>
        </div>
      </FlowForm>
    </FlowFrame>
  )
}

const BACKUP_STEPS = ['Show', 'Write down', 'Check']

/** The words again, and the check that they were written down. */
export function BackupFlow({ wallet, onClose, onDone }: FlowEnds & { readonly wallet: WalletStateWire }): ReactNode {
  const [draft, setDraft] = useState<WalletDraftWire | undefined>(undefined)
  const [isChecking, setChecking] = useState(false)
  const checking = useCall()
  const confirm = async (draftId: string, answers: readonly string[]) => {
    const input = { draftId, answers: [...answers] }
    if ((await checking.run((client) => client.wallet.confirmBackup(input))) !== undefined) {
      onDone('Backed up. Keep the paper where neither fire nor a visitor finds it.')
    }
  }
  const step = draft === undefined ? 0 : isChecking ? 2 : 1
  return (
    <FlowFrame title="Back up the wallet" steps={BACKUP_STEPS} step={step} onClose={onClose} testId="flow-backup">
      {draft === undefined && <RevealForm hasPassphrase={wallet.protection === 'passphrase'} onRevealed={setDraft} />}
      {draft !== undefined && !isChecking && (
        <WordsStep draft={draft}>
          <div className="flow-buttons">
            <button
              type="button"
              className="button button-main"
              data-testid="written-down"
              onClick={() => setChecking(true)}
            >
              I wrote them down
            </button>
          </div>
        </WordsStep>
      )}
      {draft !== undefined && isChecking && (
        <BackupCheck
          draft={draft}
          fault={checking.error === undefined ? undefined : walletErrorSentence(checking.error)}
          isBusy={checking.isBusy}
          action="Done"
          onAnswers={(answers) => void confirm(draft.draftId, answers)}
          onBack={() => setChecking(false)}
        />
      )}
    </FlowFrame>
  )
}

interface RevealFormProps {
  readonly hasPassphrase: boolean
  readonly onRevealed: (draft: WalletDraftWire) => void
}

function RevealForm({ hasPassphrase, onRevealed }: RevealFormProps): ReactNode {
  const [passphrase, setPassphrase] = useState('')
  const call = useCall()
  const reveal = async () => {
    const shown = await call.run((client) => client.wallet.reveal(hasPassphrase ? { passphrase } : {}))
    setPassphrase('')
    if (shown !== undefined) {
      onRevealed(shown)
    }
  }
  return (
    <FlowForm onSubmit={() => void reveal()}>
      <p className="flow-text">
        Its words come on the screen next. Have paper and a pen at hand, and nobody behind you.
      </p>
      {hasPassphrase && <PassphraseField label="Passphrase" value={passphrase} onChange={setPassphrase} />}
      <FlowFault text={call.error === undefined ? undefined : walletErrorSentence(call.error)} />
      <div className="flow-buttons">
        <button
          type="submit"
          className="button button-main"
          data-testid="reveal"
          disabled={call.isBusy || (hasPassphrase && passphrase === '')}
        >
          {call.isBusy ? 'Opening …' : 'Show the words'}
        </button>
      </div>
    </FlowForm>
  )
}
