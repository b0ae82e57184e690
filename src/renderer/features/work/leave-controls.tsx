/** The two ways to go: Finish, which keeps everything, and Leave now, which says what it forfeits at most and asks once. */
import type { ReactNode } from 'react'
import { useState } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatTailShort } from '../../format/amounts.ts'
import type { ScreenCommand } from '../../state/screen-store.ts'
import { useActions, useScreen } from '../../state/use-screen.ts'
import { LeaveDialog } from './leave-dialog.tsx'
import './leave.css'

export function LeaveControls({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { join, leave, finish } = useActions()
  const pending = useScreen((state) => state.pending)
  const isLinked = useScreen((state) => state.link === 'connected')
  const [isAsking, setAsking] = useState(false)
  const { work } = snapshot
  const forfeit = forfeitOf(work)
  const isLeaving = pending === 'leave' || snapshot.phase === 'leaving'
  const isBlocked = !isLinked || isLeaving
  const isFinishing = work !== null && work.finishing !== null
  const leaveNow = () => {
    setAsking(false)
    void leave()
  }
  const finishInstead = () => {
    setAsking(false)
    void finish()
  }
  return (
    <div className="leaving">
      {work !== null && (
        <button
          type="button"
          className="button way-leave"
          data-testid={isFinishing ? 'stay' : 'finish'}
          disabled={isBlocked || pending !== undefined}
          onClick={() => void (isFinishing ? join() : finish())}
        >
          {finishWord(isFinishing, pending)}
        </button>
      )}
      <button
        type="button"
        className={work === null ? 'button way-leave' : 'button button-quiet'}
        data-testid="leave"
        disabled={isBlocked}
        onClick={() => (forfeit === 0n ? leaveNow() : setAsking(true))}
      >
        {isLeaving ? 'Leaving …' : work === null ? 'Leave' : 'Leave now'}
      </button>
      {work !== null && (
        <p className="leaving-note number" data-testid="forfeit">
          {forfeit === 0n
            ? 'Leaving now forfeits nothing at the moment.'
            : `Leaving now forfeits at most ${formatTailShort(forfeit.toString())} TAIL; Finish keeps it.`}
        </p>
      )}
      {isAsking && work !== null && (
        <LeaveDialog
          forfeits={work.forfeits}
          canFinish={!isFinishing}
          onLeave={leaveNow}
          onFinish={finishInstead}
          onStay={() => setAsking(false)}
        />
      )}
    </div>
  )
}

function finishWord(isFinishing: boolean, pending: ScreenCommand | undefined): string {
  if (isFinishing) {
    return pending === 'join' ? 'Staying …' : 'Stay'
  }
  return pending === 'finish' ? 'Finishing …' : 'Finish'
}

function forfeitOf(work: ScreenSnapshot['work']): bigint {
  return work === null ? 0n : BigInt(work.forfeits.unbatched) + BigInt(work.forfeits.openBatches)
}
