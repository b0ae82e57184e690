/**
 * The wallet: what is there, how it is kept, and one flow at a time. Invariant: words and passphrases live in the state of the flow that
 * needs them and go with it; nothing is copied without a click; nothing is signed that was not shown. Read next: wallet-flows.tsx,
 * create-flow.tsx, send-flow.tsx, ../words/wallet-words.ts.
 */
import type { ReactNode } from 'react'
import { useState } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { useCall } from '../flow/use-call.ts'
import { walletErrorSentence } from '../words/wallet-words.ts'
import { WalletCard } from './wallet-card.tsx'
import { WalletFacts } from './wallet-facts.tsx'
import type { FlowName, OpenFlow } from './wallet-flows.tsx'
import { WalletFlow } from './wallet-flows.tsx'
import './wallet.css'

export function WalletPage({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const [flow, setFlow] = useState<OpenFlow | undefined>(undefined)
  const [word, setWord] = useState('')
  const locking = useCall()
  const open = (next: FlowName) => {
    setWord('')
    locking.clear()
    if (next !== 'lock') {
      setFlow(next)
      return
    }
    void locking.run((client) => client.wallet.lock()).then((locked) => locked && setWord('The wallet is locked.'))
  }
  const end = (said: string) => {
    setFlow(undefined)
    setWord(said)
  }
  const said = locking.error === undefined ? word : walletErrorSentence(locking.error)
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Wallet</h1>
        <p className="page-text">Where your earnings go, what keeps them, and the way out.</p>
      </header>
      <p className="wallet-said" role="status" data-testid="wallet-said" data-empty={said === ''}>
        {said}
      </p>
      {flow !== undefined && (
        <WalletFlow key={flow} flow={flow} snapshot={snapshot} onClose={() => end('')} onDone={end} />
      )}
      <WalletCard snapshot={snapshot} onFlow={open} />
      <div className="columns wallet-columns">
        <WalletFacts snapshot={snapshot} onFlow={open} />
        <OtherWallet snapshot={snapshot} onFlow={open} />
      </div>
    </>
  )
}

interface OtherWalletProps {
  readonly snapshot: ScreenSnapshot
  readonly onFlow: (flow: FlowName) => void
}

function OtherWallet({ snapshot, onFlow }: OtherWalletProps): ReactNode {
  const { wallet, rules } = snapshot
  const isLocal = rules?.network !== 'public'
  return (
    <section className="panel other-wallet" aria-labelledby="other-wallet">
      <div className="panel-head">
        <h2 id="other-wallet" className="panel-title">
          {wallet.isStarter ? 'This is a practice wallet' : 'Another wallet'}
        </h2>
      </div>
      <p className="flow-text">
        {wallet.isStarter
          ? `Tailrace made it at the first start, without a passphrase, so that you can try everything at once.${
              isLocal ? ' The coins of this local network have no value anywhere else.' : ''
            } Before you earn for real, make your own, or bring one that you have.`
          : 'A wallet from other words takes the place of this one on this computer. This one stays on chain and comes back with its words.'}
      </p>
      <div className="flow-buttons">
        <button type="button" className="button" data-testid="open-create" onClick={() => onFlow('create')}>
          Create a new one
        </button>
        <button type="button" className="button" data-testid="open-restore" onClick={() => onFlow('restore')}>
          Restore from words
        </button>
      </div>
    </section>
  )
}
