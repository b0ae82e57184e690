import type { ReactNode } from 'react'
import { useLayoutEffect, useRef } from 'react'
import type { WorkSnapshot } from '../../../ipc/work-snapshot.ts'
import { TailAmount } from '../earnings/tail-amount.tsx'

interface LeaveDialogProps {
  readonly forfeits: WorkSnapshot['forfeits']
  readonly canFinish: boolean
  readonly onLeave: () => void
  readonly onFinish: () => void
  readonly onStay: () => void
}

/** Asked once, where something is at stake. Escape stays. */
export function LeaveDialog({ forfeits, canFinish, onLeave, onFinish, onStay }: LeaveDialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null)
  // Before it is taken out of the page, so that the focus goes back to where it was.
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    return () => element?.close()
  }, [])
  const total = BigInt(forfeits.unbatched) + BigInt(forfeits.openBatches)
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="leave-title" onCancel={onStay} data-testid="leave-dialog">
      <h2 id="leave-title" className="dialog-title">
        Leave now?
      </h2>
      <p className="dialog-text">This is what it forfeits at most. Finish takes a little longer and keeps all of it.</p>
      <dl className="dialog-sums number">
        <div>
          <dt>Orders that run or are not in a batch yet</dt>
          <dd>
            <TailAmount utail={forfeits.unbatched} />
          </dd>
        </div>
        <div>
          <dt>Batches whose receipts only this computer can show, with the penalty</dt>
          <dd>
            <TailAmount utail={forfeits.openBatches} />
          </dd>
        </div>
        <div className="dialog-total">
          <dt>At most</dt>
          <dd>
            <TailAmount utail={total.toString()} />
          </dd>
        </div>
      </dl>
      <div className="dialog-buttons">
        {canFinish && (
          <button type="button" className="button button-main" data-testid="finish-instead" onClick={onFinish}>
            Finish instead
          </button>
        )}
        <button type="button" className="button" onClick={onStay}>
          Stay
        </button>
        <button type="button" className="button button-danger" data-testid="leave-confirm" onClick={onLeave}>
          Leave now
        </button>
      </div>
    </dialog>
  )
}
