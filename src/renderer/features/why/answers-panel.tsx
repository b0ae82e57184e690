import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { useHostNow } from '../../state/use-screen.ts'
import type { Answer } from './answers.ts'
import { orderAnswer, raceAnswer } from './answers.ts'

/** The question that this page is about, answered for both ways to earn. */
export function AnswersPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const nowMs = useHostNow()
  const races = raceAnswer(snapshot, nowMs)
  const orders = orderAnswer(snapshot)
  const isEarning = races.isEarning || orders.isEarning
  return (
    <section className="panel answers" aria-labelledby="answers-title">
      <h1 id="answers-title" className="answers-title" data-testid="answers-title">
        {isEarning ? 'Am I earning?' : 'Why am I not earning?'}
      </h1>
      <dl className="answers-list">
        <AnswerItem name="From races" answer={races} />
        <AnswerItem name="From orders" answer={orders} />
      </dl>
    </section>
  )
}

function AnswerItem({ name, answer }: { readonly name: string; readonly answer: Answer }): ReactNode {
  return (
    <div className="answer" data-tone={answer.tone} data-testid="answer">
      <dt className="answer-name">{name}</dt>
      <dd className="answer-title">{answer.title}</dd>
      <dd className="answer-text number">{answer.text}</dd>
    </div>
  )
}
