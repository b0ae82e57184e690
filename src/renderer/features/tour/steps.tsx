import type { ComponentType, ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatRate, shortAddress } from '../../format/amounts.ts'
import { fragmentOf } from '../../state/pages.ts'
import { useActions, useScreen } from '../../state/use-screen.ts'
import { backendReason } from '../words/devices.ts'

interface StepProps {
  readonly snapshot: ScreenSnapshot
}

export interface TourStep {
  readonly name: string
  readonly title: string
  readonly Body: ComponentType<StepProps>
  readonly Action: ComponentType<StepProps>
}

export const TOUR_STEPS: readonly TourStep[] = [
  { name: 'Your wallet', title: 'Where your earnings go', Body: WalletBody, Action: WalletAction },
  { name: 'Your device', title: 'What this computer can do', Body: DeviceBody, Action: DeviceAction },
  { name: 'How you earn', title: 'How you earn', Body: EarnBody, Action: EarnAction },
]

function WalletBody({ snapshot }: StepProps): ReactNode {
  const { wallet, rules } = snapshot
  const address = <span className="mono">{shortAddress(wallet.address)}</span>
  if (!wallet.isStarter) {
    return (
      <p>
        Everything that you earn goes to {address}.{' '}
        {wallet.isBackedUp
          ? 'Its words are written down, so nothing of it depends on this computer.'
          : 'Write its words down before there is much in it: nothing else brings it back.'}
      </p>
    )
  }
  return (
    <p>
      Tailrace made a practice wallet for you, {address}, so that you can begin at once.{' '}
      {rules?.network === 'public'
        ? 'Before you earn, make your own or bring one from its 12 or 24 words.'
        : 'On this practice network it is all you need: its coins have no value elsewhere. You can make your own, or bring one from its 12 or 24 words, at any time.'}
    </p>
  )
}

function WalletAction({ snapshot }: StepProps): ReactNode {
  return (
    <a className="button button-small button-link" href={fragmentOf('wallet')} data-testid="tour-wallet">
      {snapshot.wallet.isStarter ? 'Make or bring my own' : 'Open the wallet'}
    </a>
  )
}

function DeviceBody({ snapshot }: StepProps): ReactNode {
  const { device, backend } = snapshot
  const report = device?.backends.find(({ kind }) => kind === backend?.kind)
  if (report === undefined || backend === null) {
    return (
      <p>
        When you join, your GPU computes a few test attempts, and every bit is compared with the known answers. That
        takes seconds, and shows which adapter there is, whether it is exact and how fast it is.
      </p>
    )
  }
  return (
    <p>
      {report.kind === 'cpu' ? 'The processor' : report.adapter} was checked: {formatRate(report.attemptsPerSecond)}{' '}
      attempts a second. {backendReason(backend.reason)}
    </p>
  )
}

function DeviceAction(): ReactNode {
  return (
    <a className="button button-small button-link" href={fragmentOf('device')} data-testid="tour-device">
      Show the device
    </a>
  )
}

function EarnBody({ snapshot }: StepProps): ReactNode {
  return (
    <p>
      Short races prove what your GPU computes; other hosts check it; what passes is your weight. Weight is your share
      of the reward and of paid orders. It is held for a while, then credited, and the page “Why” gives a reason for
      every unit.{' '}
      {snapshot.joined ? 'You have joined: keep one page open and it runs by itself.' : 'Joining costs nothing.'}
    </p>
  )
}

/** The same as the large button below, for who reads up to here. */
function EarnAction({ snapshot }: StepProps): ReactNode {
  const { join } = useActions()
  const pending = useScreen((state) => state.pending)
  const isLinked = useScreen((state) => state.link === 'connected')
  if (snapshot.joined) {
    return null
  }
  return (
    <button
      type="button"
      className="button button-small tour-join"
      data-testid="tour-join"
      disabled={!isLinked || pending !== undefined}
      onClick={() => void join()}
    >
      Join the network
    </button>
  )
}
