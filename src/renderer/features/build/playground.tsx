/** A small chat with one's own network, through the same gateway and key as any program. The newest turn stands first. */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { GatewaySnapshot } from '../../../ipc/work-snapshot.ts'
import { useActions, useScreen } from '../../state/use-screen.ts'
import { isDemoModel } from './demo-model.ts'
import { PlaygroundForm } from './playground-form.tsx'
import { PlaygroundTurn, turnStatus } from './playground-turn.tsx'

interface PlaygroundProps {
  readonly snapshot: ScreenSnapshot
  readonly gateway: GatewaySnapshot
}

export function Playground({ snapshot, gateway }: PlaygroundProps): ReactNode {
  const { chat } = useActions()
  const turns = useScreen((state) => state.chat)
  const last = turns.at(-1)
  const isDemo = isDemoModel(gateway.model)
  return (
    <section className="panel" aria-labelledby="playground-title">
      <div className="panel-head">
        <h2 id="playground-title" className="panel-title">
          Playground
        </h2>
        {turns.length > 0 && (
          <button
            type="button"
            className="foot-copy playground-anew"
            disabled={last?.state === 'streaming'}
            onClick={chat.clear}
          >
            Begin anew
          </button>
        )}
      </div>
      <PlaygroundForm gateway={gateway} isStreaming={last?.state === 'streaming'} />
      <p className="only-for-readers" role="status" data-testid="chat-status">
        {last === undefined ? '' : turnStatus(last, snapshot.hosts)}
      </p>
      {turns.length === 0 ? (
        <p className="empty playground-empty">
          {isDemo
            ? `${gateway.model} is a demo model: it babbles. The draw, the order, the receipt and the payment are real.`
            : 'Each answer is an order: drawn by chance, paid from the escrow, with a receipt.'}
        </p>
      ) : (
        <ol className="turns" reversed>
          {turns
            .map((turn, index) => ({ turn, number: index + 1 }))
            .reverse()
            .map(({ turn, number }) => (
              <PlaygroundTurn key={number} turn={turn} hosts={snapshot.hosts} />
            ))}
        </ol>
      )}
    </section>
  )
}
