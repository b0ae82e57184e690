import type { ReactNode } from 'react'
import { useState } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { errorCode } from '../../../lib/coded-error.ts'
import { useAsk } from '../../state/use-screen.ts'
import { failureSentence } from '../words/failures.ts'

type CheckState = 'idle' | 'checking' | 'done' | { readonly failure: string }

/** Runs the known answers once more. Not while a race needs the device. */
export function CheckAgain({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const ask = useAsk()
  const [state, setState] = useState<CheckState>('idle')
  const isChecking = state === 'checking' || snapshot.phase === 'checking_device'
  const isRacing = snapshot.phase === 'racing'
  const check = () => {
    setState('checking')
    ask((client) => client.machine.recheck()).then(
      ({ outcome }) => setState(outcome === 'accepted' ? 'done' : 'idle'),
      (error: unknown) => setState({ failure: errorCode(error) }),
    )
  }
  return (
    <div className="dev-check">
      <button type="button" className="button" data-testid="recheck" disabled={isChecking || isRacing} onClick={check}>
        {isChecking ? 'Checking …' : 'Check again'}
      </button>
      <p className="dev-check-word" role="status" data-testid="recheck-word">
        {wordOf(state, isRacing)}
      </p>
    </div>
  )
}

function wordOf(state: CheckState, isRacing: boolean): string {
  if (isRacing) {
    return 'A race is on: possible again when it is over.'
  }
  if (state === 'done') {
    return 'Checked just now.'
  }
  return typeof state === 'string' ? '' : failureWords(state.failure)
}

function failureWords(code: string): string {
  switch (code) {
    case 'busy':
      return 'The device is busy right now. Try again when the race is over.'
    case 'no_conformant_backend':
      return 'Nothing here computes exactly. Update the graphics driver, undo any overclocking, then check again.'
    default:
      return failureSentence(code)
  }
}
