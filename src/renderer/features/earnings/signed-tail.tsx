import type { ReactNode } from 'react'
import { formatTailShort } from '../../format/amounts.ts'
import { TailAmount } from './tail-amount.tsx'

/** An amount that may be negative. */
export function SignedTail({ utail }: { readonly utail: bigint }): ReactNode {
  return (
    <>
      {utail < 0n && '−'}
      <TailAmount utail={(utail < 0n ? -utail : utail).toString()} />
    </>
  )
}

/** The same as a text, without zeros at the end. */
export function signedTailText(utail: bigint): string {
  return utail < 0n ? `−${formatTailShort((-utail).toString())}` : formatTailShort(utail.toString())
}

const UTAIL_PER_TAIL = 1_000_000

/** About how much, in three figures: for what is not exact anyway. */
export function aboutTail(utail: number): string {
  const tail = utail / UTAIL_PER_TAIL
  if (tail >= 1_000) {
    const figures = 10 ** (Math.floor(Math.log10(tail)) - 2)
    return formatTailShort(
      (BigInt(Math.round(tail / figures)) * BigInt(Math.round(figures * UTAIL_PER_TAIL))).toString(),
    )
  }
  return tail === 0 ? '0' : String(Number(tail.toPrecision(3)))
}
