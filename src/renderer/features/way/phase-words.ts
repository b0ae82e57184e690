/** The headline and the line below it for each phase of a host, from the snapshot alone. */
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatShare } from '../../format/amounts.ts'
import { formatDuration, msUntilHeight } from '../../format/time.ts'
import { noticeSentence } from '../words/notices.ts'
import { FINISHING_WORDS } from '../words/work-words.ts'

export interface PhaseWords {
  /** The large line; may count. */
  readonly headline: string
  readonly detail: string
  /** For a screen reader: said once when it changes, so it holds no number that runs. */
  readonly announcement: string
}

export function phaseWords(snapshot: ScreenSnapshot, nowMs: number): PhaseWords {
  const step = snapshot.work?.finishing ?? null
  if (step !== null && snapshot.phase !== 'leaving') {
    const { text } = FINISHING_WORDS[step]
    return { headline: 'Finishing', detail: text, announcement: `Finishing. ${text}` }
  }
  switch (snapshot.phase) {
    case 'idle':
      return idleWords(snapshot)
    case 'checking_device':
      return {
        headline: 'Checking your GPU',
        detail: 'It computes test attempts, and every bit is compared with the known answers. A few seconds.',
        announcement: 'Checking your GPU.',
      }
    case 'joining':
      return {
        headline: 'Joining',
        detail: 'One find stamps the registration, then it goes on chain. It costs nothing.',
        announcement: 'Joining the network.',
      }
    case 'waiting_for_race':
      return waitingWords(snapshot, nowMs)
    case 'racing':
      return racingWords(snapshot, nowMs)
    case 'being_verified':
      return verifyingWords(snapshot, nowMs)
    case 'settled':
      return settledWords(snapshot, nowMs)
    case 'leaving':
      return {
        headline: 'Leaving',
        detail: 'The network is told. What is still held is credited on time.',
        announcement: 'Leaving the network.',
      }
    case 'stopped_by_fault':
      return faultWords(snapshot)
  }
}

/** What is still to come before the next race, where the epoch is known. */
function countdown(snapshot: ScreenSnapshot, nowMs: number, height: (epoch: Epoch) => number): string | undefined {
  const { epoch } = snapshot
  return epoch === null ? undefined : formatDuration(msUntilHeight(epoch, height(epoch), nowMs))
}

type Epoch = NonNullable<ScreenSnapshot['epoch']>

function idleWords({ rules }: ScreenSnapshot): PhaseWords {
  const what = 'Short races prove what your GPU computes, other hosts check it, and what passes earns.'
  const where =
    rules?.network === 'local'
      ? 'This practice network lives on this computer alone.'
      : 'Joining costs nothing; leave at any time.'
  return {
    headline: 'Put your GPU to work',
    detail: `${what} ${where}`,
    announcement: 'Not joined. Press Join to begin.',
  }
}

function waitingWords(snapshot: ScreenSnapshot, nowMs: number): PhaseWords {
  const { epoch } = snapshot
  const left = countdown(snapshot, nowMs, ({ height, blocksToNextRace }) => height + blocksToNextRace)
  const isSoon = epoch === null || epoch.blocksToNextRace === 0
  return {
    headline: isSoon || left === undefined ? 'The race is about to start' : `Next race in ${left}`,
    detail: 'You are in. Nothing to do: keep this tab open and the race starts by itself.',
    announcement: 'Joined. Waiting for the next race.',
  }
}

function racingWords(snapshot: ScreenSnapshot, nowMs: number): PhaseWords {
  const { race } = snapshot
  const finds = race?.finds ?? 0
  const left = countdown(snapshot, nowMs, ({ raceEndHeight }) => raceEndHeight)
  const ending = left === undefined ? '' : ` The race ends in ${left}.`
  return {
    headline: `Racing: ${formatCount(finds)} ${finds === 1 ? 'find' : 'finds'}`,
    detail:
      race === null || race.attempts === 0
        ? `Building the model of this race from its seed.${ending}`
        : `Each find is recomputed here before it goes on chain.${ending}`,
    announcement: 'The race is on.',
  }
}

function verifyingWords(snapshot: ScreenSnapshot, nowMs: number): PhaseWords {
  const finds = snapshot.standing?.finds ?? snapshot.race?.committed ?? 0
  const left = countdown(snapshot, nowMs, ({ settleHeight }) => settleHeight)
  const sample = Math.min(finds, snapshot.rules?.sampleSize ?? finds)
  const checkers = snapshot.rules?.verifiersPerHost ?? 2
  const what =
    sample < finds ? `${formatCount(sample)} of your ${formatCount(finds)} finds` : `your ${formatCount(finds)} finds`
  return {
    headline: 'Being verified',
    detail: `${checkers === 2 ? 'Two other hosts recompute' : `${checkers} other hosts recompute`} ${what}${left === undefined ? '' : `; decided in ${left}`}. You check theirs meanwhile.`,
    announcement: 'The race is over. Your finds are being verified.',
  }
}

function settledWords(snapshot: ScreenSnapshot, nowMs: number): PhaseWords {
  const { standing } = snapshot
  const weightPpm = standing?.weightPpm ?? 0
  if (standing === null || weightPpm === 0) {
    const why = verdictWords(standing?.raceVerdict ?? '', snapshot)
    return { headline: 'No weight this time', detail: why, announcement: `No weight from this race. ${why}` }
  }
  const left = countdown(snapshot, nowMs, ({ closeHeight }) => closeHeight)
  const share = formatShare(weightPpm)
  return {
    headline: `Weight ${share}`,
    detail: `This is your share of the work and of the reward${left === undefined ? '' : `, which comes in ${left}`}. It stays until the next race is settled.`,
    announcement: `Verified. Your weight is ${share}.`,
  }
}

function verdictWords(verdict: string, { rules }: ScreenSnapshot): string {
  switch (verdict) {
    case 'too_few_finds':
      return `Fewer than ${rules?.minFinds ?? 20} finds do not count. Keep the tab open for the whole race; the next one comes by itself.`
    case 'unverified':
      return 'No host drawn to check your finds answered. The next race draws others.'
    case 'convicted':
      return 'A find of this host was proven wrong. The list below says what was taken and what to do.'
    case 'pending':
      return 'The verdict is on its way.'
    default:
      return 'You were not in this race with finds of your own. The next one comes by itself.'
  }
}

function faultWords(snapshot: ScreenSnapshot): PhaseWords {
  const newest = snapshot.notices.find((notice) => notice.level === 'error')
  const sentence = newest === undefined ? undefined : noticeSentence(newest.code, newest.fields)
  const detail = sentence?.text ?? 'The host needs help. The messages below and the logs say more.'
  const headline = sentence?.title ?? 'Stopped'
  return { headline, detail, announcement: `${headline}. ${detail}` }
}
