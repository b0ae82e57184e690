import type { ReactNode } from 'react'
import { useState } from 'react'
import type { PreparedSendWire, SentWire, WalletStateWire } from '../../../ipc/wires/wallet-wire.ts'
import { formatTailShort } from '../../format/amounts.ts'
import { TailAmount } from '../earnings/tail-amount.tsx'
import { FlowFault, FlowForm, FlowFrame, TextField } from '../flow/flow-frame.tsx'
import { useCall } from '../flow/use-call.ts'
import { REMARK_WORDS, signingErrorSentence, walletErrorSentence } from '../words/wallet-words.ts'
import type { FlowEnds } from './keeping-flows.tsx'
import { UnlockFirst } from './keeping-flows.tsx'
import { SentResult } from './sent-result.tsx'
import { readTail } from './tail-input.ts'
import { WholeAddress } from './whole-address.tsx'

interface SendFlowProps extends FlowEnds {
  readonly wallet: WalletStateWire
  readonly balance: string
  readonly chainId: string
}

interface Typed {
  readonly to: string
  readonly amount: string
  readonly memo: string
}

const STEPS = ['Who and how much', 'Compare', 'Sent']
const ADDRESS = /^[a-z0-9]{1,64}$/

/** Coins to somebody: what is typed, then exactly what would be signed, then what became of it. */
export function SendFlow({ wallet, balance, chainId, onClose, onDone }: SendFlowProps): ReactNode {
  const [typed, setTyped] = useState<Typed>({ to: '', amount: '', memo: '' })
  const [prepared, setPrepared] = useState<(PreparedSendWire & { readonly memo: string }) | undefined>(undefined)
  const [sent, setSent] = useState<SentWire | undefined>(undefined)
  const preparing = useCall()
  const sending = useCall()
  const prepare = async (input: { readonly to: string; readonly amount: string; readonly memo: string }) => {
    sending.clear()
    const answer = await preparing.run((client) => client.wallet.prepareSend(input))
    setPrepared(answer === undefined ? undefined : { ...answer, memo: input.memo })
  }
  const send = async (sendId: string) => {
    setSent(await sending.run((client) => client.wallet.confirmSend({ sendId })))
  }
  if (wallet.state === 'locked' && sent === undefined) {
    return <UnlockFirst title="Send" testId="flow-send" onClose={onClose} onUnlocked={preparing.clear} />
  }
  const step = sent !== undefined ? 2 : prepared === undefined ? 0 : 1
  return (
    <FlowFrame
      title="Send"
      steps={STEPS}
      step={step}
      onClose={onClose}
      closeName={sent === undefined ? 'Cancel' : 'Close'}
      testId="flow-send"
    >
      {prepared === undefined && (
        <SendForm
          typed={typed}
          onTyped={setTyped}
          balance={balance}
          isBusy={preparing.isBusy}
          fault={preparing.error === undefined ? undefined : walletErrorSentence(preparing.error)}
          onPrepare={(input) => void prepare(input)}
        />
      )}
      {prepared !== undefined && sent === undefined && (
        <SendCompare
          prepared={prepared}
          chainId={chainId}
          isBusy={sending.isBusy}
          wasTried={sending.error !== undefined}
          fault={sending.error === undefined ? undefined : signingErrorSentence(sending.error)}
          onSend={() => void send(prepared.sendId)}
          onBack={() => setPrepared(undefined)}
        />
      )}
      {sent !== undefined && (
        <SentResult
          sent={sent}
          done={`${formatTailShort(prepared?.amount ?? '0')} TAIL are sent.`}
          onDone={() => onDone('')}
        />
      )}
    </FlowFrame>
  )
}

interface SendFormProps {
  readonly typed: Typed
  readonly onTyped: (typed: Typed) => void
  readonly balance: string
  readonly isBusy: boolean
  readonly fault: string | undefined
  readonly onPrepare: (input: { readonly to: string; readonly amount: string; readonly memo: string }) => void
}

function SendForm({ typed, onTyped, balance, isBusy, fault, onPrepare }: SendFormProps): ReactNode {
  const [wasTried, setTried] = useState(false)
  const to = typed.to.trim().toLowerCase()
  const amount = readTail(typed.amount)
  const addressFault = ADDRESS.test(to) ? undefined : 'Paste the address: it begins with tail1.'
  const amountFault = 'fault' in amount ? amount.fault : undefined
  const submit = () => {
    setTried(true)
    if (addressFault === undefined && 'utail' in amount) {
      onPrepare({ to, amount: amount.utail, memo: typed.memo })
    }
  }
  return (
    <FlowForm onSubmit={submit}>
      <TextField
        label="To"
        kind="address"
        maxLength={80}
        hint="The whole address, as its owner gave it to you."
        fault={wasTried ? addressFault : undefined}
        value={typed.to}
        onChange={(next) => onTyped({ ...typed, to: next })}
      />
      <TextField
        label="Amount in TAIL"
        kind="amount"
        maxLength={60}
        hint={
          <>
            You have <TailAmount utail={balance} />. A fee comes on top; the next step shows it.
          </>
        }
        fault={wasTried || typed.amount !== '' ? amountFault : undefined}
        value={typed.amount}
        onChange={(next) => onTyped({ ...typed, amount: next })}
      />
      <TextField
        label="Note (everybody can read it on chain)"
        maxLength={256}
        hint="May stay empty."
        value={typed.memo}
        onChange={(next) => onTyped({ ...typed, memo: next })}
      />
      <FlowFault text={fault} />
      <div className="flow-buttons">
        <button type="submit" className="button button-main" disabled={isBusy} data-testid="prepare-send">
          {isBusy ? 'Asking the chain …' : 'Next: compare'}
        </button>
      </div>
    </FlowForm>
  )
}

interface SendCompareProps {
  readonly prepared: PreparedSendWire & { readonly memo: string }
  readonly chainId: string
  readonly isBusy: boolean
  readonly wasTried: boolean
  readonly fault: string | undefined
  readonly onSend: () => void
  readonly onBack: () => void
}

/** Exactly what is signed. After a try that failed it can only be prepared anew: the host signs a draft once. */
function SendCompare({ prepared, chainId, isBusy, wasTried, fault, onSend, onBack }: SendCompareProps): ReactNode {
  const total = (BigInt(prepared.amount) + BigInt(prepared.fee)).toString()
  return (
    <FlowForm onSubmit={onSend}>
      <p className="flow-text">This is what you sign. Once sent, nobody can take it back.</p>
      <dl className="flow-facts compare" data-testid="compare">
        <Fact name="To">
          <WholeAddress address={prepared.to} />
        </Fact>
        <Fact name="From">
          <WholeAddress address={prepared.from} />
        </Fact>
        <Fact name="Amount">
          <TailAmount utail={prepared.amount} />
        </Fact>
        <Fact name="Fee">
          <TailAmount utail={prepared.fee} />
        </Fact>
        <Fact name="Together">
          <TailAmount utail={total} />
        </Fact>
        <Fact name="You keep">
          <TailAmount utail={prepared.balanceAfter} />
        </Fact>
        {prepared.memo !== '' && <Fact name="Note">{prepared.memo}</Fact>}
        <Fact name="Network">{chainId}</Fact>
      </dl>
      {prepared.remarks.map((remark) => (
        <p key={remark} className="flow-note" data-tone={remark === 'to_payout' ? 'plain' : 'warning'}>
          {REMARK_WORDS[remark]}
        </p>
      ))}
      <FlowFault text={fault} />
      <div className="flow-buttons">
        <button type="submit" className="button button-main" disabled={isBusy || wasTried} data-testid="confirm-send">
          {isBusy ? 'Signing and sending …' : `Sign and send ${formatTailShort(prepared.amount)} TAIL`}
        </button>
        <button type="button" className="button" disabled={isBusy} data-testid="send-back" onClick={onBack}>
          {wasTried ? 'Prepare it anew' : 'Change it'}
        </button>
      </div>
    </FlowForm>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
