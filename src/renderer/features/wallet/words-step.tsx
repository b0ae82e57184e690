import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import type { WalletDraftWire } from '../../../ipc/wires/wallet-wire.ts'
import { FlowFault, FlowForm } from '../flow/flow-frame.tsx'
import { WALLET_ERRORS } from '../words/wallet-words.ts'
import { WholeAddress } from './whole-address.tsx'
import { splitWords } from './word-list.ts'

interface WordsStepProps {
  readonly draft: Pick<WalletDraftWire, 'words' | 'address' | 'path'>
  readonly children: ReactNode
}

/** The words to write down. They are covered when nobody looks, and cannot be selected: paper keeps them, a clipboard does not. */
export function WordsStep({ draft, children }: WordsStepProps): ReactNode {
  const [isCovered, setCovered] = useState(false)
  useEffect(() => {
    const cover = () => document.visibilityState === 'hidden' && setCovered(true)
    document.addEventListener('visibilitychange', cover)
    return () => document.removeEventListener('visibilitychange', cover)
  }, [])
  return (
    <>
      <p className="flow-text">
        <strong>Write these {draft.words.length} words on paper, in this order.</strong> They are the wallet: who has
        them has the coins, and nothing else brings it back when this computer is lost. No photo, no file, no mail.
      </p>
      {isCovered ? (
        <button type="button" className="button words-cover" onClick={() => setCovered(false)}>
          Covered while you were away. Show the words again
        </button>
      ) : (
        <ol className="words" translate="no" data-testid="words">
          {draft.words.map((word, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the position is what a word is known by, and one may stand twice.
            <li key={index} className="words-one">
              <span className="words-number" aria-hidden="true">
                {index + 1}
              </span>
              <span className="words-word">{word}</span>
            </li>
          ))}
        </ol>
      )}
      <AddressToCome address={draft.address} path={draft.path} />
      {children}
    </>
  )
}

/** Shown before a wallet is used, so that it can be compared. */
export function AddressToCome({ address, path }: { readonly address: string; readonly path: string }): ReactNode {
  return (
    <dl className="flow-facts">
      <div>
        <dt>Address</dt>
        <dd>
          <WholeAddress address={address} testId="draft-address" />
        </dd>
      </div>
      <div>
        <dt>Path</dt>
        <dd className="mono">{path}</dd>
      </div>
    </dl>
  )
}

interface BackupCheckProps {
  readonly draft: Pick<WalletDraftWire, 'words' | 'ask'>
  readonly fault: string | undefined
  readonly isBusy: boolean
  readonly action: string
  readonly onAnswers: (answers: readonly string[]) => void
  readonly onBack: () => void
}

/** Asks for some of the words: proof that they were written down. Compared here at once; the host compares again. */
export function BackupCheck({ draft, fault, isBusy, action, onAnswers, onBack }: BackupCheckProps): ReactNode {
  const { ask, words } = draft
  const [typed, setTyped] = useState<Readonly<Record<number, string>>>({})
  const [wrong, setWrong] = useState<number | undefined>(undefined)
  const submit = () => {
    const answers = ask.map((position) => splitWords(typed[position] ?? '')[0] ?? '')
    const position = ask.find((asked, index) => answers[index] !== words[asked - 1])
    setWrong(position)
    if (position === undefined) {
      onAnswers(answers)
    }
  }
  return (
    <FlowForm onSubmit={submit}>
      <p className="flow-text">Look at your paper and type the words that stand there:</p>
      <div className="check-words">
        {ask.map((position) => (
          <label key={position} className="field">
            <span className="field-label">Word {position}</span>
            <input
              className="input mono"
              type="text"
              autoComplete="off"
              autoCapitalize="none"
              autoCorrect="off"
              spellCheck={false}
              maxLength={24}
              aria-invalid={wrong === position}
              value={typed[position] ?? ''}
              onChange={(event) => setTyped({ ...typed, [position]: event.target.value })}
            />
          </label>
        ))}
      </div>
      <FlowFault text={wrong === undefined ? fault : WALLET_ERRORS.backup_mismatch({ position: wrong })} />
      <div className="flow-buttons">
        <button type="submit" className="button button-main" disabled={isBusy} data-testid="check-words">
          {isBusy ? 'Checking …' : action}
        </button>
        <button type="button" className="button" onClick={onBack}>
          See the words again
        </button>
      </div>
    </FlowForm>
  )
}
