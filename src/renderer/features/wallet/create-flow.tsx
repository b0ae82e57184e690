import type { ReactNode } from 'react'
import { useState } from 'react'
import type { WalletDraftWire } from '../../../ipc/wires/wallet-wire.ts'
import { FlowFault, FlowFrame } from '../flow/flow-frame.tsx'
import { useCall } from '../flow/use-call.ts'
import { walletErrorSentence } from '../words/wallet-words.ts'
import type { WalletScene } from './protect-step.tsx'
import { ProtectStep } from './protect-step.tsx'
import { BackupCheck, WordsStep } from './words-step.tsx'

interface CreateFlowProps {
  readonly scene: WalletScene
  readonly onClose: () => void
  readonly onDone: (word: string) => void
}

type Stage =
  | { readonly at: 'length' }
  | { readonly at: 'words' | 'check'; readonly draft: WalletDraftWire }
  /** The words are no longer needed and no longer held. */
  | { readonly at: 'protect'; readonly draftId: string; readonly answers: readonly string[] }

const STEPS = ['Length', 'Write down', 'Check', 'Protect']
const INDEX: Readonly<Record<Stage['at'], number>> = { length: 0, words: 1, check: 2, protect: 3 }

/** A new wallet: words, the check that they were written down, how it is kept, and only then its use. */
export function CreateFlow({ scene, onClose, onDone }: CreateFlowProps): ReactNode {
  const [stage, setStage] = useState<Stage>({ at: 'length' })
  const making = useCall()
  const using = useCall()
  const create = async (words: 12 | 24) => {
    const draft = await making.run((client) => client.wallet.create({ words }))
    if (draft !== undefined) {
      setStage({ at: 'words', draft })
    }
  }
  const use = async (choice: { readonly passphrase?: string; readonly replaces?: string }) => {
    if (stage.at !== 'protect') {
      return
    }
    const { draftId, answers } = stage
    const used = await using.run((client) => client.wallet.use({ draftId, answers: [...answers], ...choice }))
    if (used !== undefined) {
      onDone('The new wallet is in use. Keep the paper with its words safe.')
    }
  }
  return (
    <FlowFrame title="Create a wallet" steps={STEPS} step={INDEX[stage.at]} onClose={onClose} testId="flow-create">
      {stage.at === 'length' && (
        <LengthStep
          isBusy={making.isBusy}
          fault={making.error === undefined ? undefined : walletErrorSentence(making.error)}
          onChoose={(words) => void create(words)}
        />
      )}
      {stage.at === 'words' && (
        <WordsStep draft={stage.draft}>
          <div className="flow-buttons">
            <button
              type="button"
              className="button button-main"
              data-testid="written-down"
              onClick={() => setStage({ at: 'check', draft: stage.draft })}
            >
              I wrote them down
            </button>
          </div>
        </WordsStep>
      )}
      {stage.at === 'check' && (
        <BackupCheck
          draft={stage.draft}
          fault={undefined}
          isBusy={false}
          action="Go on"
          onAnswers={(answers) => setStage({ at: 'protect', draftId: stage.draft.draftId, answers })}
          onBack={() => setStage({ at: 'words', draft: stage.draft })}
        />
      )}
      {stage.at === 'protect' && (
        <ProtectStep scene={scene} error={using.error} isBusy={using.isBusy} onUse={(choice) => void use(choice)} />
      )}
    </FlowFrame>
  )
}

interface LengthStepProps {
  readonly isBusy: boolean
  readonly fault: string | undefined
  readonly onChoose: (words: 12 | 24) => void
}

function LengthStep({ isBusy, fault, onChoose }: LengthStepProps): ReactNode {
  return (
    <>
      <p className="flow-text">
        A wallet is a list of words that this computer draws at random. You will write them down, and type some of them
        to show that you did. Have paper and a pen at hand, and nobody behind you.
      </p>
      <FlowFault text={fault} />
      <div className="lengths">
        <button type="button" className="length" disabled={isBusy} data-testid="words-12" onClick={() => onChoose(12)}>
          <strong>12 words</strong>
          <span>Quick to write down, and more than anybody can guess.</span>
        </button>
        <button type="button" className="length" disabled={isBusy} data-testid="words-24" onClick={() => onChoose(24)}>
          <strong>24 words</strong>
          <span>As long as they come, for large sums and long times.</span>
        </button>
      </div>
    </>
  )
}
