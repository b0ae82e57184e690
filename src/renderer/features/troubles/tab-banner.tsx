import type { ReactNode } from 'react'
import { useActions, useScreen } from '../../state/use-screen.ts'
import { Banner } from './banner.tsx'

/** What is peculiar to this tab: another one computes, or this browser cannot. */
export function TabBanner({ hidesElsewhere }: { readonly hidesElsewhere: boolean }): ReactNode {
  const tab = useScreen((state) => state.tab)
  const { computeHere } = useActions()
  if (tab === 'unable') {
    return (
      <Banner tone="warning" code="tab_unable" title="This browser cannot run the compute worker.">
        The host races on the processor at a tenth of its time instead, which earns less.{' '}
        <span className="banner-advice">A current Chrome, Chromium or Edge does better.</span>
      </Banner>
    )
  }
  if ((tab === 'elsewhere' || tab === 'taking_over') && !hidesElsewhere) {
    const action = (
      <button
        type="button"
        className="button button-small"
        data-testid="compute-here"
        disabled={tab === 'taking_over'}
        onClick={computeHere}
      >
        {tab === 'taking_over' ? 'Taking over …' : 'Compute here'}
      </button>
    )
    return (
      <Banner tone="plain" code="tab_elsewhere" title="Another tab computes." action={action}>
        One tab at a time lends this computer’s GPU. This one shows everything and leaves the work to the other.
      </Banner>
    )
  }
  return null
}
