import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { CreateFlow } from './create-flow.tsx'
import { BackupFlow, ProtectFlow, UnlockFlow } from './keeping-flows.tsx'
import { PayoutFlow } from './payout-flow.tsx'
import { RestoreFlow } from './restore-flow.tsx'
import { SendFlow } from './send-flow.tsx'

export type OpenFlow = 'create' | 'restore' | 'unlock' | 'protect' | 'backup' | 'send' | 'payout'
/** `lock` has no panel: it is done at once. */
export type FlowName = OpenFlow | 'lock'

interface WalletFlowProps {
  readonly flow: OpenFlow
  readonly snapshot: ScreenSnapshot
  readonly onClose: () => void
  readonly onDone: (word: string) => void
}

/** One flow at a time; what it holds is gone with it. */
export function WalletFlow({ flow, snapshot, onClose, onDone }: WalletFlowProps): ReactNode {
  const { wallet, balance, chain } = snapshot
  const ends = { onClose, onDone }
  switch (flow) {
    case 'create':
      return <CreateFlow scene={snapshot} {...ends} />
    case 'restore':
      return <RestoreFlow scene={snapshot} {...ends} />
    case 'unlock':
      return <UnlockFlow {...ends} />
    case 'protect':
      return <ProtectFlow wallet={wallet} {...ends} />
    case 'backup':
      return <BackupFlow wallet={wallet} {...ends} />
    case 'send':
      return <SendFlow wallet={wallet} balance={balance} chainId={chain.chainId} {...ends} />
    case 'payout':
      return <PayoutFlow wallet={wallet} {...ends} />
  }
}
