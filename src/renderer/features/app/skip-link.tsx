import type { ReactNode } from 'react'

/** First stop of the Tab key: past the navigation. A button in all but looks, because the address names the page. */
export function SkipLink(): ReactNode {
  return (
    <button
      type="button"
      className="skip-link"
      data-testid="skip"
      onClick={() => document.getElementById('content')?.focus()}
    >
      Skip to the content
    </button>
  )
}
