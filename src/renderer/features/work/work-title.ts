import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount } from '../../format/amounts.ts'
import { FINISHING_WORDS, idleSentence } from '../words/work-words.ts'

export interface WorkTitle {
  readonly headline: string
  readonly detail: string
}

/** Where paid work stands, in two lines. */
export function workTitle({ work, phase }: Pick<ScreenSnapshot, 'work' | 'phase'>): WorkTitle {
  if (work === null) {
    return {
      headline: 'No paid work here',
      detail: 'This host races and checks others; it serves no model, so no orders are drawn to it.',
    }
  }
  if (phase === 'leaving') {
    return { headline: 'Leaving', detail: 'The network is told. What is still held is credited on time.' }
  }
  if (work.finishing !== null) {
    return { headline: 'Finishing', detail: FINISHING_WORDS[work.finishing].text }
  }
  const running = work.jobs.filter(({ state }) => state === 'running')
  const [first] = running
  if (first !== undefined) {
    const waiting = Math.max(0, work.queue - running.length)
    return {
      headline: running.length === 1 ? 'Answering an order' : `Answering ${formatCount(running.length)} orders`,
      detail: `With ${first.model}${waiting === 0 ? '' : `, and ${formatCount(waiting)} more in the queue`}. The receipt is signed when the last token is out.`,
    }
  }
  if (work.idleReason !== null) {
    const { title, text } = idleSentence(work.idleReason.code, work.idleReason.fields)
    return { headline: title, detail: text }
  }
  return { headline: 'Ready for orders', detail: 'The network draws; what is drawn to you is answered by itself.' }
}
