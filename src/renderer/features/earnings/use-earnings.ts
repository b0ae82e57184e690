import { useEffect, useState } from 'react'
import { MAX_EARNING_EPOCHS } from '../../../ipc/wires/earnings-wire.ts'
import { errorCode } from '../../../lib/coded-error.ts'
import { useAsk, useScreen } from '../../state/use-screen.ts'
import type { EarningsHistory } from './earnings-history.ts'
import { appendEarnings, extendEarnings } from './earnings-history.ts'

/** Read again with each new entry: enough to see what a release, a late check or a new race changed. */
const REFRESHED_EPOCHS = 32

export interface EarningsReading {
  readonly history: EarningsHistory | undefined
  readonly isReading: boolean
  /** Code of the last failure. */
  readonly failure: string | undefined
  readonly retry: () => void
}

/** Reads all the host knows, page by page, and what is new after each entry of the ledger, as long as the page is open. */
export function useEarnings(): EarningsReading {
  const ask = useAsk()
  const isLinked = useScreen((state) => state.link === 'connected')
  const epoch = useScreen((state) => state.snapshot?.epoch?.epoch)
  const lastSequence = useScreen((state) => state.snapshot?.ledgerTotals?.lastSequence)
  const [history, setHistory] = useState<EarningsHistory>()
  const [failure, setFailure] = useState<string>()
  const [attempt, setAttempt] = useState(0)
  const before = history === undefined || history.isWhole ? undefined : history.epochs.at(-1)?.epoch
  const isFirst = history === undefined

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new epoch or entry is the reason to ask, not a part of the question.
  useEffect(() => {
    if (!isLinked) {
      return
    }
    return asking(
      () => ask((client) => client.earnings.history({ limit: isFirst ? MAX_EARNING_EPOCHS : REFRESHED_EPOCHS })),
      (page) => {
        setFailure(undefined)
        setHistory((known) => extendEarnings(known, page))
      },
      setFailure,
    )
  }, [ask, isLinked, epoch, lastSequence, attempt])

  // biome-ignore lint/correctness/useExhaustiveDependencies: an attempt is the reason to ask again, not a part of the question.
  useEffect(() => {
    if (!isLinked || before === undefined) {
      return
    }
    return asking(
      () => ask((client) => client.earnings.history({ beforeEpoch: before, limit: MAX_EARNING_EPOCHS })),
      (page) => setHistory((known) => (known === undefined ? known : appendEarnings(known, page))),
      setFailure,
    )
  }, [ask, isLinked, before, attempt])

  return {
    history,
    isReading: failure === undefined && (isFirst || before !== undefined),
    failure,
    retry: () => {
      setFailure(undefined)
      setAttempt((count) => count + 1)
    },
  }
}

/** An answer that comes after a newer question is dropped. */
function asking<Value>(
  ask: () => Promise<Value>,
  onAnswer: (value: Value) => void,
  onFailure: (code: string) => void,
): () => void {
  let isCurrent = true
  ask().then(
    (value) => isCurrent && onAnswer(value),
    (error: unknown) => isCurrent && onFailure(errorCode(error)),
  )
  return () => {
    isCurrent = false
  }
}
