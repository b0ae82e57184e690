import type { ReactNode } from 'react'
import type { WalletStateWire } from '../../../ipc/wires/wallet-wire.ts'
import { shortAddress } from '../../format/amounts.ts'
import { fragmentOf } from '../../state/pages.ts'

type WalletHint = { readonly name: string; readonly hint: string; readonly tone: 'plain' | 'warning' }

interface WalletChipProps {
  readonly wallet: WalletStateWire
  readonly network: 'local' | 'public' | undefined
}

/** Whose wallet this is, with a quiet word where it needs a look; leads to the wallet. */
export function WalletChip({ wallet, network }: WalletChipProps): ReactNode {
  const hint = walletHint(wallet, network)
  if (wallet.address === '') {
    return null
  }
  return (
    <a
      className="wallet-chip"
      href={fragmentOf('wallet')}
      title={hint?.hint ?? 'Your wallet'}
      data-testid="wallet-chip"
      data-tone={hint?.tone ?? 'plain'}
    >
      <span className="only-for-readers">Your wallet: </span>
      <span className="mono wallet-chip-address">{shortAddress(wallet.address)}</span>
      {hint !== undefined && <span className="wallet-chip-hint">{hint.name}</span>}
    </a>
  )
}

function walletHint(wallet: WalletStateWire, network: WalletChipProps['network']): WalletHint | undefined {
  if (wallet.state === 'locked') {
    return { name: 'Locked', hint: 'Races and duties go on; to send or change anything, unlock it.', tone: 'plain' }
  }
  if (wallet.isStarter) {
    return network === 'public'
      ? { name: 'Starter wallet', hint: 'Replace it by one whose words you wrote down.', tone: 'warning' }
      : {
          name: 'Practice wallet',
          hint: 'Made for this practice network. Bring or make your own at any time.',
          tone: 'plain',
        }
  }
  if (!wallet.isBackedUp && wallet.wordCount !== 0) {
    return { name: 'Not backed up', hint: 'Write its words down: nothing else brings it back.', tone: 'warning' }
  }
  return undefined
}
