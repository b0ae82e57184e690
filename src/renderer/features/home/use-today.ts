import { useEffect, useRef, useState } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { EarningEpoch } from '../../../ipc/wires/earnings-wire.ts'
import { MAX_EARNING_EPOCHS } from '../../../ipc/wires/earnings-wire.ts'
import { useLoaded } from '../../state/use-screen.ts'
import type { Today } from './today.ts'
import { mergeEpochs, midnightOf, todayOf } from './today.ts'

/** Epochs that are asked for again when the ledger grew: the running one and those that a late verdict may still change. */
const RENEWED_EPOCHS = 4

export interface TodayView {
  readonly today: Today
  /** Since when: midnight, or later where more epochs are over than are read. Unix milliseconds. */
  readonly sinceMs: number
  readonly isWholeDay: boolean
}

/** What came in today; undefined until the host said so. */
export function useToday({ ledgerTotals, nowMs }: ScreenSnapshot): TodayView | undefined {
  const [epochs, setEpochs] = useState<readonly EarningEpoch[] | undefined>(undefined)
  const isFirst = useRef(true)
  const { value } = useLoaded(
    (client) => client.earnings.history({ limit: isFirst.current ? MAX_EARNING_EPOCHS : RENEWED_EPOCHS }),
    [ledgerTotals?.lastSequence],
  )
  useEffect(() => {
    if (value !== undefined) {
      isFirst.current = false
      setEpochs((known) => mergeEpochs(known ?? [], value.epochs, MAX_EARNING_EPOCHS))
    }
  }, [value])
  if (epochs === undefined) {
    return undefined
  }
  const midnightMs = midnightOf(nowMs)
  const oldestMs = epochs.at(-1)?.startedAtMs ?? nowMs
  const isCut = epochs.length >= MAX_EARNING_EPOCHS && oldestMs > midnightMs
  return { today: todayOf(epochs, midnightMs), sinceMs: isCut ? oldestMs : midnightMs, isWholeDay: !isCut }
}
