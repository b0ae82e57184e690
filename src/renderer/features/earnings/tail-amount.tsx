import type { ReactNode } from 'react'
import { DISPLAY_DENOM } from '../../../protocol/params.ts'
import { splitTail } from '../../format/amounts.ts'
import './earnings.css'

/** Whole TAIL strong, the six decimals quieter; read as one number. */
export function TailAmount({ utail }: { readonly utail: string }): ReactNode {
  const { whole, fraction } = splitTail(utail)
  return (
    <span className="tail">
      {whole}
      <span className="tail-fraction">.{fraction}</span>
      <span className="tail-unit"> {DISPLAY_DENOM}</span>
    </span>
  )
}
