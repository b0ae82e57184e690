import type { ReactNode } from 'react'
import { CopyButton } from '../app/copy-button.tsx'

interface CodeBlockProps {
  /** What it is, for a screen reader. */
  readonly name: string
  readonly code: string
  /** Stands beside the button. */
  readonly children?: ReactNode
}

/** Text to copy as it stands. Long lines wrap on the screen alone. */
export function CodeBlock({ name, code, children }: CodeBlockProps): ReactNode {
  return (
    <div className="code">
      <div className="code-head">
        {children}
        <CopyButton className="button button-small code-copy" name={name} value={code} />
      </div>
      <pre className="code-text" data-testid="code">
        <code>{code}</code>
      </pre>
    </div>
  )
}
