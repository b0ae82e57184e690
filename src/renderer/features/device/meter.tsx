import type { ReactNode } from 'react'

interface MeterProps {
  readonly name: string
  readonly value: string
  /** 0 to 1; absent where no whole is known. */
  readonly share?: number | undefined
  /** From here on it is tight. */
  readonly tightAt?: number
}

/** A figure with how much of the whole it is. */
export function Meter({ name, value, share, tightAt = 0.9 }: MeterProps): ReactNode {
  return (
    <div className="meter" data-tight={share !== undefined && share >= tightAt}>
      <dt>{name}</dt>
      <dd className="number">{value}</dd>
      {share !== undefined && (
        <dd className="meter-bar" aria-hidden="true">
          <span style={{ transform: `scaleX(${Math.min(1, Math.max(0, share))})` }} />
        </dd>
      )}
    </div>
  )
}

export const UNKNOWN = 'this system does not tell'
