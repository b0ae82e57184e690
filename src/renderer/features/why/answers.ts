/** “Why am I not earning?”, answered from the snapshot alone: once for races, once for orders. There is always an answer. */
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatShare } from '../../format/amounts.ts'
import { formatDuration, msUntilHeight } from '../../format/time.ts'
import { ruleFields } from '../story/ledger-groups.ts'
import { noticeSentence } from '../words/notices.ts'
import { reasonSentence } from '../words/reasons.ts'
import type { Sentence } from '../words/sentence.ts'
import { idleSentence } from '../words/work-words.ts'

export interface Answer extends Sentence {
  /** True where the answer is that it does earn. */
  readonly isEarning: boolean
}

export function raceAnswer(snapshot: ScreenSnapshot, nowMs: number): Answer {
  const { phase, joined, standing } = snapshot
  if (phase === 'stopped_by_fault') {
    const newest = snapshot.notices.find(({ level }) => level === 'error')
    const sentence = newest === undefined ? undefined : noticeSentence(newest.code, newest.fields)
    return not(sentence ?? bad('Stopped', 'The host needs help. The messages on the first page and the logs say more.'))
  }
  if (!joined) {
    return not(plain('You have not joined', 'Nothing is raced and nothing is earned. Press Join on the first page.'))
  }
  if (phase === 'leaving') {
    return not(plain('You are leaving', 'What is held is still credited on time; nothing new comes in.'))
  }
  if (standing === null) {
    return not(plain('Joining', 'The registration is on its way to the chain. Your first race is the next one.'))
  }
  return standing.weightPpm > 0 ? earningAnswer(snapshot, nowMs) : noWeightAnswer(snapshot, nowMs)
}

/** With weight: what it earns, and what makes it less. */
function earningAnswer(snapshot: ScreenSnapshot, nowMs: number): Answer {
  const { standing, epoch, duties } = snapshot
  const left =
    epoch === null ? '' : ` The next reward comes in ${formatDuration(msUntilHeight(epoch, epoch.closeHeight, nowMs))}.`
  const missed =
    duties.missed === 0
      ? ''
      : ` ${formatCount(duties.missed)} of ${formatCount(duties.drawn)} checks were missed, which makes the share smaller.`
  return {
    title: `Yes: with ${formatShare(standing?.weightPpm ?? 0)} of the weight`,
    text: `Your share of each epoch’s reward is your share of the weight.${left}${missed}`,
    tone: duties.missed === 0 ? 'good' : 'warning',
    isEarning: true,
  }
}

/** Without weight: how the last race ended, or how far this one is. */
function noWeightAnswer(snapshot: ScreenSnapshot, nowMs: number): Answer {
  const { standing, phase, epoch, rules } = snapshot
  const fields = ruleFields(rules)
  switch (standing?.raceVerdict) {
    case 'too_few_finds':
      return not(reasonSentence('too_few_finds', fields))
    case 'unverified':
      return not(reasonSentence('verifiers_absent', fields))
    case 'convicted':
      return not(reasonSentence('convicted', fields))
  }
  if (phase === 'racing') {
    return not(
      plain(
        'Your race is on',
        'Weight comes when other hosts have verified a sample of your finds, right after the race.',
      ),
    )
  }
  if (phase === 'being_verified' || standing?.raceVerdict === 'pending') {
    return not(
      plain('Being verified', 'Other hosts recompute your finds. When they agree, you have weight, and weight earns.'),
    )
  }
  const next =
    epoch === null
      ? ''
      : ` The next one begins in ${formatDuration(msUntilHeight(epoch, epoch.height + epoch.blocksToNextRace, nowMs))}.`
  return not(plain('No race yet', `Weight comes from races, and you have not been in one from its start.${next}`))
}

export function orderAnswer({ work, phase, joined }: ScreenSnapshot): Answer {
  if (work === null) {
    return not(
      plain('This host serves no model', 'It races and checks others. Orders are drawn to hosts that serve a model.'),
    )
  }
  if (joined && (work.finishing !== null || phase === 'leaving')) {
    return not(
      plain('You are leaving', 'No new orders are taken. What is on chain is paid when its checks have passed.'),
    )
  }
  if (work.idleReason === null) {
    return {
      title: 'Yes: an order is in work',
      text: 'It is paid when its receipt is on chain and has passed its checks.',
      tone: 'good',
      isEarning: true,
    }
  }
  const sentence = idleSentence(work.idleReason.code, work.idleReason.fields)
  return { ...sentence, isEarning: work.idleReason.code === 'checks_open' }
}

function plain(title: string, text: string): Sentence {
  return { title, text, tone: 'plain' }
}

function bad(title: string, text: string): Sentence {
  return { title, text, tone: 'bad' }
}

function not(sentence: Sentence): Answer {
  return { ...sentence, isEarning: false }
}
