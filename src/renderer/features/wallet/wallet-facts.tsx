import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, shortAddress } from '../../format/amounts.ts'
import { CopyButton } from '../app/copy-button.tsx'
import { PROTECTION_WORDS } from '../words/wallet-words.ts'
import { deviceKeyWords } from './device-key.ts'
import type { FlowName } from './wallet-flows.tsx'

interface WalletFactsProps {
  readonly snapshot: ScreenSnapshot
  readonly onFlow: (flow: FlowName) => void
}

/** How the wallet is kept, and what can be done about it. */
export function WalletFacts({ snapshot, onFlow }: WalletFactsProps): ReactNode {
  const { wallet } = snapshot
  const deviceKey = deviceKeyWords(wallet.device.expiryHeight, snapshot.epoch)
  return (
    <section className="panel" aria-labelledby="wallet-kept">
      <div className="panel-head">
        <h2 id="wallet-kept" className="panel-title">
          How it is kept
        </h2>
      </div>
      <ul className="kept">
        <Kept name="Protection" action={protectAction(snapshot)} flow="protect" onFlow={onFlow}>
          {wallet.isStarter && wallet.protection === 'none'
            ? 'None: practice coins need no passphrase'
            : PROTECTION_WORDS[wallet.protection]}
        </Kept>
        <Kept name="Backup" action={backupAction(snapshot)} flow="backup" onFlow={onFlow} tone={backupTone(snapshot)}>
          {backupWords(snapshot)}
        </Kept>
        <Kept
          name="Payout"
          action={wallet.payoutAddress === '' ? 'Set an address' : 'Change'}
          flow="payout"
          onFlow={onFlow}
        >
          {wallet.payoutAddress === '' ? (
            'Credits come to this wallet'
          ) : (
            <>
              Credits go to{' '}
              <span className="mono" title={wallet.payoutAddress}>
                {shortAddress(wallet.payoutAddress)}
              </span>{' '}
              <CopyButton className="foot-copy" name="the payout address" value={wallet.payoutAddress} />
            </>
          )}
        </Kept>
        <Kept name="Device key" tone={deviceKey.isSoon ? 'warning' : 'plain'}>
          {wallet.device.address === '' ? (
            'None yet'
          ) : (
            <>
              <span className="mono" title={wallet.device.address}>
                {shortAddress(wallet.device.address)}
              </span>{' '}
              signs duties without the wallet, {deviceKey.words}
              {wallet.device.expiryHeight > 0 && (
                <span className="kept-fine"> (block {formatCount(wallet.device.expiryHeight)})</span>
              )}
            </>
          )}
        </Kept>
        <Kept name="Path">
          <span className="mono">{wallet.path}</span>
        </Kept>
      </ul>
    </section>
  )
}

function protectAction({ wallet }: ScreenSnapshot): string | undefined {
  if (wallet.address === '') {
    return undefined
  }
  return wallet.protection === 'passphrase' ? 'Change passphrase' : 'Set a passphrase'
}

function backupAction({ wallet }: ScreenSnapshot): string | undefined {
  if (wallet.wordCount === 0) {
    return undefined
  }
  return wallet.isBackedUp ? 'Show the words' : 'Back up'
}

function backupTone({ wallet }: ScreenSnapshot): 'plain' | 'warning' {
  return !wallet.isBackedUp && !wallet.isStarter ? 'warning' : 'plain'
}

function backupWords({ wallet }: ScreenSnapshot): string {
  if (wallet.wordCount === 0) {
    return 'No words: it comes from an older data folder. A new wallet has some'
  }
  if (wallet.isBackedUp) {
    return `Its ${wallet.wordCount} words are on your paper`
  }
  return wallet.isStarter
    ? 'Not written down: practice coins can do without'
    : 'Not written down: when this computer is lost, so are the coins'
}

interface KeptProps {
  readonly name: string
  readonly tone?: 'plain' | 'warning'
  readonly action?: string | undefined
  readonly flow?: FlowName
  readonly onFlow?: (flow: FlowName) => void
  readonly children: ReactNode
}

function Kept({ name, tone = 'plain', action, flow, onFlow, children }: KeptProps): ReactNode {
  return (
    <li className="kept-row" data-tone={tone}>
      <span className="kept-name">{name}</span>
      <span className="kept-words">{children}</span>
      {action !== undefined && flow !== undefined && (
        <button
          type="button"
          className="button button-small"
          data-testid={`open-${flow}`}
          onClick={() => onFlow?.(flow)}
        >
          {action}
        </button>
      )}
    </li>
  )
}
