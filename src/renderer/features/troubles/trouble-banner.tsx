import type { ReactNode } from 'react'
import type { Trouble } from '../../../ipc/wires/trouble-wire.ts'
import { formatClock } from '../../format/time.ts'
import { fragmentOf } from '../../state/pages.ts'
import { useActions, useScreen } from '../../state/use-screen.ts'
import type { TroubleAction } from '../words/troubles.ts'
import { troubleSentence } from '../words/troubles.ts'
import { Banner } from './banner.tsx'

export function TroubleBanner({ trouble }: { readonly trouble: Trouble }): ReactNode {
  const { title, text, advice, action } = troubleSentence(trouble)
  return (
    <Banner
      tone={trouble.level === 'error' ? 'bad' : 'warning'}
      code={trouble.code}
      title={title}
      since={formatClock(trouble.sinceMs)}
      action={action === undefined ? undefined : <ActionButton action={action} />}
    >
      {text} <span className="banner-advice">{advice}</span>
    </Banner>
  )
}

function ActionButton({ action }: { readonly action: TroubleAction }): ReactNode {
  const { computeHere } = useActions()
  const tab = useScreen((state) => state.tab)
  const page = useScreen((state) => state.page)
  switch (action.kind) {
    case 'page':
      return page === action.page ? null : (
        <a className="button button-small button-link" href={fragmentOf(action.page)} data-testid="trouble-action">
          {action.name}
        </a>
      )
    case 'compute_here':
      return tab === 'computing' || tab === 'unable' ? null : (
        <button
          type="button"
          className="button button-small"
          data-testid="compute-here"
          disabled={tab === 'taking_over'}
          onClick={computeHere}
        >
          {tab === 'taking_over' ? 'Taking over …' : action.name}
        </button>
      )
  }
}
