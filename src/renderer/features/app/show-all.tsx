import type { ReactNode } from 'react'

interface ShowAllProps {
  readonly total: number
  /** How many are shown at first. */
  readonly few: number
  readonly showsAll: boolean
  readonly onChange: (showsAll: boolean) => void
}

/** Below a list that is cut at first; nothing where it is short. */
export function ShowAll({ total, few, showsAll, onChange }: ShowAllProps): ReactNode {
  if (total <= few) {
    return null
  }
  return (
    <button
      type="button"
      className="button button-small story-more"
      aria-expanded={showsAll}
      onClick={() => onChange(!showsAll)}
    >
      {showsAll ? 'Show fewer' : `Show all ${total}`}
    </button>
  )
}
