import type { ReactNode } from 'react'
import { useState } from 'react'
import type { SentWire, WalletStateWire } from '../../../ipc/wires/wallet-wire.ts'
import { FlowFault, FlowForm, FlowFrame, TextField } from '../flow/flow-frame.tsx'
import { useCall } from '../flow/use-call.ts'
import { signingErrorSentence } from '../words/wallet-words.ts'
import type { FlowEnds } from './keeping-flows.tsx'
import { UnlockFirst } from './keeping-flows.tsx'
import { SentResult } from './sent-result.tsx'
import { WholeAddress } from './whole-address.tsx'

const STEPS = ['Address', 'Compare', 'Set']

/** Where credits go. Signed by the owner key, so what is signed is shown before. */
export function PayoutFlow({ wallet, onClose, onDone }: FlowEnds & { readonly wallet: WalletStateWire }): ReactNode {
  const [typed, setTyped] = useState('')
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  const [sent, setSent] = useState<SentWire | undefined>(undefined)
  const call = useCall()
  const send = async (address: string) => {
    setSent(await call.run((client) => client.wallet.setPayout({ address })))
  }
  if (wallet.state === 'locked' && sent === undefined) {
    return <UnlockFirst title="Payout address" testId="flow-payout" onClose={onClose} onUnlocked={call.clear} />
  }
  const step = sent !== undefined ? 2 : chosen === undefined ? 0 : 1
  return (
    <FlowFrame
      title="Payout address"
      steps={STEPS}
      step={step}
      onClose={onClose}
      closeName={sent === undefined ? 'Cancel' : 'Close'}
      testId="flow-payout"
    >
      {chosen === undefined && (
        <PayoutForm
          wallet={wallet}
          typed={typed}
          onTyped={setTyped}
          onChoose={(address) => {
            call.clear()
            setChosen(address)
          }}
        />
      )}
      {chosen !== undefined && sent === undefined && (
        <FlowForm onSubmit={() => void send(chosen)}>
          <p className="flow-text">This is what you sign: from its next credit on, what your host earns goes to</p>
          <p className="payout-to" data-testid="payout-to">
            <WholeAddress address={chosen === '' ? wallet.address : chosen} />
          </p>
          <p className="flow-note">
            {chosen === ''
              ? 'This wallet’s own address, as at the beginning.'
              : 'Compare it letter by letter: coins that went to a wrong address are gone. The bond and what is held stay where they are.'}
          </p>
          <FlowFault text={call.error === undefined ? undefined : signingErrorSentence(call.error)} />
          <div className="flow-buttons">
            <button type="submit" className="button button-main" disabled={call.isBusy} data-testid="payout-sign">
              {call.isBusy ? 'Signing and sending …' : 'Sign it'}
            </button>
            <button type="button" className="button" disabled={call.isBusy} onClick={() => setChosen(undefined)}>
              Change it
            </button>
          </div>
        </FlowForm>
      )}
      {sent !== undefined && (
        <SentResult sent={sent} done="The chain knows where your credits go." onDone={() => onDone('')} />
      )}
    </FlowFrame>
  )
}

interface PayoutFormProps {
  readonly wallet: WalletStateWire
  readonly typed: string
  readonly onTyped: (typed: string) => void
  /** Empty: to this wallet again. */
  readonly onChoose: (address: string) => void
}

function PayoutForm({ wallet, typed, onTyped, onChoose }: PayoutFormProps): ReactNode {
  const [fault, setFault] = useState<string | undefined>(undefined)
  const submit = () => {
    const address = typed.trim().toLowerCase()
    const next = faultOf(address, wallet)
    setFault(next)
    if (next === undefined) {
      onChoose(address)
    }
  }
  return (
    <FlowForm onSubmit={submit}>
      <p className="flow-text">
        Credits can go to an address whose key is not on this computer: a hardware wallet, or another machine. Whoever
        breaks into this one then finds the bond and what is held, but not what you earned before.
      </p>
      <TextField
        label="Credits go to"
        kind="address"
        maxLength={80}
        hint="An address of this network, in full."
        fault={fault}
        value={typed}
        onChange={onTyped}
      />
      <div className="flow-buttons">
        <button type="submit" className="button button-main" data-testid="payout-next">
          Next: compare
        </button>
        {wallet.payoutAddress !== '' && (
          <button type="button" className="button" data-testid="payout-clear" onClick={() => onChoose('')}>
            Back to this wallet
          </button>
        )}
      </div>
    </FlowForm>
  )
}

function faultOf(address: string, wallet: WalletStateWire): string | undefined {
  if (!/^tail1[a-z0-9]{1,59}$/.test(address)) {
    return 'Paste the whole address: it begins with tail1.'
  }
  if (address === wallet.payoutAddress) {
    return 'Credits go there already.'
  }
  return address === wallet.address ? 'That is this wallet. Credits go here anyway.' : undefined
}
