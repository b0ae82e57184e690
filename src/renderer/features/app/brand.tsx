import type { ReactNode } from 'react'

export function Brand(): ReactNode {
  return (
    <div className="brand">
      <svg viewBox="0 0 32 32" width="30" height="30" aria-hidden="true" focusable="false">
        <g fill="none" stroke="var(--stroke-mill)" strokeWidth="2" strokeLinecap="round">
          <circle cx="16" cy="12.5" r="7" />
          <path d="M16 2.6v19.8M6.1 12.5h19.8M9 5.5l14 14M23 5.5l-14 14" strokeWidth="1.5" />
        </g>
        <path
          d="M3 26c3.2 0 3.2 2.2 6.5 2.2S12.8 26 16 26s3.2 2.2 6.5 2.2S25.8 26 29 26"
          fill="none"
          stroke="var(--water)"
          strokeWidth="2.4"
          strokeLinecap="round"
        />
      </svg>
      <span className="brand-name">Tailrace</span>
    </div>
  )
}
