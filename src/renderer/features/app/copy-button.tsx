import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'

const SHOWN_MS = 2_000

interface CopyButtonProps {
  readonly value: string
  /** What it is, for a screen reader: `Copy chain RPC`. */
  readonly name: string
  readonly className: string
}

export function CopyButton({ value, name, className }: CopyButtonProps): ReactNode {
  const [isCopied, setCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) {
      return
    }
    const timer = setTimeout(() => setCopied(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [isCopied])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value)
      setCopied(true)
    } catch {
      // Without permission the text is still there to select.
      setCopied(false)
    }
  }
  return (
    <button type="button" className={className} aria-label={`Copy ${name}`} onClick={() => void copy()}>
      {isCopied ? 'Copied' : 'Copy'}
      <span className="only-for-readers" role="status">
        {isCopied ? 'Copied' : ''}
      </span>
    </button>
  )
}
