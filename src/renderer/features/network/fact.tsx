import type { ReactNode } from 'react'

/** One name and its figure in a `dl`. */
export function Fact({ name, value }: { readonly name: string; readonly value: string }): ReactNode {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd className="number">{value}</dd>
    </div>
  )
}
