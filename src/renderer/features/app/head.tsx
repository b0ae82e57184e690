/** The line above every page: what the host does right now, which network, whose wallet. */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { StateChip } from './state-chip.tsx'
import { WalletChip } from './wallet-chip.tsx'

export function Head({ snapshot }: { readonly snapshot: ScreenSnapshot | undefined }): ReactNode {
  return (
    <section className="head" aria-label="Status">
      {snapshot !== undefined && (
        <>
          <StateChip snapshot={snapshot} />
          <NetworkTag snapshot={snapshot} />
        </>
      )}
      <span className="head-space" />
      {snapshot !== undefined && <WalletChip wallet={snapshot.wallet} network={snapshot.rules?.network} />}
    </section>
  )
}

function NetworkTag({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const isLocal = snapshot.rules?.network !== 'public'
  return (
    <span
      className="tag head-network"
      title={isLocal ? 'A network of processes on this computer. Its coins have no value elsewhere.' : undefined}
    >
      <span className="head-dot" data-state={snapshot.chain.connection} aria-hidden="true" />
      {isLocal ? 'Practice network' : snapshot.chain.chainId}
    </span>
  )
}
