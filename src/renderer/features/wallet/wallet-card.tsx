import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { WalletStateWire } from '../../../ipc/wires/wallet-wire.ts'
import { CopyButton } from '../app/copy-button.tsx'
import { TailAmount } from '../earnings/tail-amount.tsx'
import type { FlowName } from './wallet-flows.tsx'
import { WholeAddress } from './whole-address.tsx'

interface WalletCardProps {
  readonly snapshot: ScreenSnapshot
  readonly onFlow: (flow: FlowName) => void
}

/** What is there, whose it is, and the two things one does with it. */
export function WalletCard({ snapshot, onFlow }: WalletCardProps): ReactNode {
  const { wallet, balance, standing } = snapshot
  return (
    <section className="panel wallet-card" aria-labelledby="wallet-balance">
      <div className="wallet-sum">
        <h2 id="wallet-balance" className="wallet-sum-name">
          Balance
        </h2>
        <p className="wallet-balance number" data-testid="wallet-balance">
          <TailAmount utail={balance} />
        </p>
        <dl className="wallet-parts number">
          <div>
            <dt>Held</dt>
            <dd>
              <TailAmount utail={standing?.held ?? '0'} />
            </dd>
            <dd className="wallet-part-hint">earned, credited after the next checks</dd>
          </div>
          <div>
            <dt>Bond</dt>
            <dd>
              <TailAmount utail={standing?.bond ?? '0'} />
            </dd>
            <dd className="wallet-part-hint">stays as a pledge of honest work</dd>
          </div>
        </dl>
      </div>
      <div className="wallet-who">
        <div className="wallet-tags">
          {snapshot.rules?.network !== 'public' && <span className="tag">Practice coins, no value</span>}
          {wallet.isStarter && <span className="tag">Starter wallet</span>}
          {wallet.state === 'locked' && <span className="tag">Locked</span>}
        </div>
        <p className="wallet-address">
          <WholeAddress address={wallet.address === '' ? 'No wallet yet' : wallet.address} testId="wallet-address" />
          {wallet.address !== '' && <CopyButton className="foot-copy" name="your address" value={wallet.address} />}
        </p>
        <WalletButtons wallet={wallet} onFlow={onFlow} />
      </div>
    </section>
  )
}

interface WalletButtonsProps {
  readonly wallet: WalletStateWire
  readonly onFlow: (flow: FlowName) => void
}

function WalletButtons({ wallet, onFlow }: WalletButtonsProps): ReactNode {
  return (
    <div className="flow-buttons">
      <button
        type="button"
        className="button button-main"
        data-testid="open-send"
        disabled={wallet.address === ''}
        onClick={() => onFlow('send')}
      >
        Send
      </button>
      {wallet.state === 'locked' ? (
        <button type="button" className="button" data-testid="open-unlock" onClick={() => onFlow('unlock')}>
          Unlock
        </button>
      ) : (
        wallet.protection === 'passphrase' && (
          <button type="button" className="button" data-testid="lock" onClick={() => onFlow('lock')}>
            Lock
          </button>
        )
      )}
    </div>
  )
}
