import type { ReactNode } from 'react'

/** Says each phase once to a screen reader; React leaves the text alone while it is the same. */
export function Announcer({ text }: { readonly text: string }): ReactNode {
  return (
    <p className="only-for-readers" aria-live="polite" data-testid="announcer">
      {text}
    </p>
  )
}
