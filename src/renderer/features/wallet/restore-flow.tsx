import type { ReactNode } from 'react'
import { useState } from 'react'
import type { WalletFoundWire } from '../../../ipc/wires/wallet-wire.ts'
import { TailAmount } from '../earnings/tail-amount.tsx'
import { Field, FlowFault, FlowForm, FlowFrame } from '../flow/flow-frame.tsx'
import { useCall } from '../flow/use-call.ts'
import { walletErrorSentence } from '../words/wallet-words.ts'
import type { WalletScene } from './protect-step.tsx'
import { ProtectStep } from './protect-step.tsx'
import { splitWords, wordsFault } from './word-list.ts'
import { AddressToCome } from './words-step.tsx'

interface RestoreFlowProps {
  readonly scene: WalletScene
  readonly onClose: () => void
  readonly onDone: (word: string) => void
}

const STEPS = ['Words', 'Compare', 'Protect']

/** A wallet from its words: the host says which address they make and what the chain knows of it, before it is used. */
export function RestoreFlow({ scene, onClose, onDone }: RestoreFlowProps): ReactNode {
  const [text, setText] = useState('')
  const [found, setFound] = useState<WalletFoundWire | undefined>(undefined)
  const [isRight, setRight] = useState(false)
  const asking = useCall()
  const using = useCall()
  const restore = async (words: readonly string[]) => {
    const answer = await asking.run((client) => client.wallet.restore({ words: [...words] }))
    if (answer !== undefined) {
      setFound(answer)
      // The host holds them now; nothing here needs them any more.
      setText('')
    }
  }
  const use = async (draftId: string, choice: { readonly passphrase?: string; readonly replaces?: string }) => {
    const used = await using.run((client) => client.wallet.use({ draftId, answers: [], ...choice }))
    if (used !== undefined) {
      onDone('The restored wallet is in use.')
    }
  }
  const step = found === undefined ? 0 : isRight ? 2 : 1
  return (
    <FlowFrame title="Restore a wallet" steps={STEPS} step={step} onClose={onClose} testId="flow-restore">
      {found === undefined && (
        <TypedWords
          text={text}
          onText={(next) => {
            setText(next)
            asking.clear()
          }}
          isBusy={asking.isBusy}
          refused={asking.error?.code === 'bad_words' ? Number(asking.error.fields.position ?? 0) : undefined}
          fault={asking.error === undefined ? undefined : walletErrorSentence(asking.error)}
          onWords={(words) => void restore(words)}
        />
      )}
      {found !== undefined && !isRight && (
        <FoundStep found={found} onRight={() => setRight(true)} onWrong={() => setFound(undefined)} />
      )}
      {found !== undefined && isRight && (
        <ProtectStep
          scene={scene}
          error={using.error}
          isBusy={using.isBusy}
          onUse={(choice) => void use(found.draftId, choice)}
        />
      )}
    </FlowFrame>
  )
}

interface TypedWordsProps {
  readonly text: string
  readonly onText: (text: string) => void
  readonly isBusy: boolean
  /** The position that the host refused; 0: all of them together. */
  readonly refused: number | undefined
  readonly fault: string | undefined
  readonly onWords: (words: readonly string[]) => void
}

function TypedWords({ text, onText, isBusy, refused, fault, onWords }: TypedWordsProps): ReactNode {
  const [wasTried, setTried] = useState(false)
  const words = splitWords(text)
  const local = wordsFault(words)
  const marked = local?.position ?? refused
  const submit = () => {
    setTried(true)
    if (local === undefined) {
      onWords(words)
    }
  }
  return (
    <FlowForm onSubmit={submit}>
      <Field
        label="Its 12 or 24 words, in their order"
        hint={local?.text ?? `${words.length} words. Their address comes next; nothing is changed yet.`}
        fault={wasTried && local !== undefined ? local.text : undefined}
      >
        {({ id, describedBy }) => (
          <textarea
            id={id}
            className="input words-input"
            rows={3}
            autoComplete="off"
            autoCapitalize="none"
            autoCorrect="off"
            spellCheck={false}
            translate="no"
            maxLength={600}
            aria-describedby={describedBy}
            aria-invalid={marked !== undefined}
            value={text}
            onChange={(event) => onText(event.target.value)}
          />
        )}
      </Field>
      {words.length > 0 && (
        <ol className="words words-typed" translate="no" aria-label="As they were read">
          {words.map((word, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the position is what a word is known by, and one may stand twice.
            <li key={index} className="words-one" data-wrong={marked === index + 1} data-testid="typed-word">
              <span className="words-number" aria-hidden="true">
                {index + 1}
              </span>
              <span className="words-word">{word}</span>
              {marked === index + 1 && <span className="only-for-readers"> is not in the list</span>}
            </li>
          ))}
        </ol>
      )}
      <FlowFault text={fault} />
      <div className="flow-buttons">
        <button type="submit" className="button button-main" disabled={isBusy} data-testid="restore-words">
          {isBusy ? 'Asking the chain …' : 'Find the wallet'}
        </button>
      </div>
    </FlowForm>
  )
}

interface FoundStepProps {
  readonly found: WalletFoundWire
  readonly onRight: () => void
  readonly onWrong: () => void
}

function FoundStep({ found, onRight, onWrong }: FoundStepProps): ReactNode {
  const isKnown = found.balance !== '0' || found.isRegistered
  return (
    <>
      <p className="flow-text">These words make this wallet. Is it the one you look for?</p>
      <AddressToCome address={found.address} path={found.path} />
      <dl className="flow-facts">
        <div>
          <dt>On this chain</dt>
          <dd data-testid="found-balance">
            <TailAmount utail={found.balance} />
          </dd>
        </div>
        <div>
          <dt>Host</dt>
          <dd>{found.isRegistered ? 'Registered' : 'Not registered yet'}</dd>
        </div>
      </dl>
      {!isKnown && (
        <p className="flow-note" data-tone="warning">
          This chain has never seen this address. Where you expected coins, other words may be the right ones, or this
          is another network.
        </p>
      )}
      <div className="flow-buttons">
        <button type="button" className="button button-main" data-testid="found-right" onClick={onRight}>
          Yes, this one
        </button>
        <button type="button" className="button" onClick={onWrong}>
          Other words
        </button>
      </div>
    </>
  )
}
