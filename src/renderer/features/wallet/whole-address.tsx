import type { ReactNode } from 'react'

/** All of an address. Where a line is too short for it, it breaks in the middle rather than before its last letter. */
export function WholeAddress({ address, testId }: { readonly address: string; readonly testId?: string }): ReactNode {
  const half = Math.ceil(address.length / 2)
  return (
    <span className="mono flow-address" data-testid={testId}>
      {address.slice(0, half)}
      <wbr />
      {address.slice(half)}
    </span>
  )
}
