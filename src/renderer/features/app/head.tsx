import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { PagesNav } from './pages-nav.tsx'
import { ThemeChoice } from './theme-choice.tsx'

export function Head({ snapshot }: { readonly snapshot: ScreenSnapshot | undefined }): ReactNode {
  return (
    <header className="head">
      <div className="brand">
        <svg viewBox="0 0 32 32" width="30" height="30" aria-hidden="true" focusable="false">
          <g fill="none" stroke="var(--stroke-mill)" strokeWidth="2" strokeLinecap="round">
            <circle cx="16" cy="12.5" r="7" />
            <path d="M16 2.6v19.8M6.1 12.5h19.8M9 5.5l14 14M23 5.5l-14 14" strokeWidth="1.5" />
          </g>
          <path
            d="M3 26c3.2 0 3.2 2.2 6.5 2.2S12.800 26 16 26s3.200 2.200 6.500 2.200S25.800 26 29 26"
            fill="none"
            stroke="var(--water)"
            strokeWidth="2.4"
            strokeLinecap="round"
          />
        </svg>
        <span className="brand-name">Tailrace</span>
      </div>
      {snapshot !== undefined && <NetworkTag snapshot={snapshot} />}
      {snapshot !== undefined && <PagesNav />}
      <ThemeChoice />
    </header>
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
      {isLocal ? 'Local practice network' : snapshot.chain.chainId}
    </span>
  )
}
