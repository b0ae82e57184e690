import type { ReactNode } from 'react'

const PROSPECT = [
  {
    question: 'What does a race do?',
    answer:
      'For a few seconds your GPU runs one small integer transformer again and again. Some results fall under a target: those are finds, and only their numbers go on chain.',
  },
  {
    question: 'Who checks?',
    answer:
      'Two other hosts, drawn by chance, recompute a sample bit for bit. You check others in turn. Nobody is trusted.',
  },
  {
    question: 'What does it earn?',
    answer:
      'Finds that pass become your weight, and weight is your share of the reward and of the orders. It is held for a while, then credited. This list gives the reason for every unit, earned or not.',
  },
]

/** What stands in the list of earnings before there is anything in it. */
export function Prospect(): ReactNode {
  return (
    <dl className="prospect">
      {PROSPECT.map(({ question, answer }) => (
        <div key={question}>
          <dt>{question}</dt>
          <dd>{answer}</dd>
        </div>
      ))}
    </dl>
  )
}
