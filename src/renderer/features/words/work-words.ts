/** Paid work in words: states of services, orders and checks, the steps of Finish, and why nothing is earned at present. */
import type {
  CheckStateName,
  DoneCheckWire,
  FinishingStep,
  IdleReason,
  JobWire,
  OrderWire,
  ServiceWire,
} from '../../../ipc/work-snapshot.ts'
import { serviceReason } from './devices.ts'
import { faultWords } from './reasons.ts'
import { refusalWords } from './refusals.ts'
import type { Sentence, SentenceFields, Sentences, Tone } from './sentence.ts'
import { isKnown, plural, say, unknownCode } from './sentence.ts'

interface Word {
  readonly word: string
  readonly tone: Tone
}

export const CHECK_WORDS: Readonly<Record<CheckStateName, Word>> = {
  drawn: { word: 'drawn', tone: 'plain' },
  opened: { word: 'being checked', tone: 'plain' },
  demanded: { word: 'data asked for', tone: 'warning' },
  disputed: { word: 'disputed', tone: 'warning' },
  committing: { word: 'arbiters at work', tone: 'warning' },
  revealing: { word: 'arbiters at work', tone: 'warning' },
  passed: { word: 'passed', tone: 'good' },
  failed: { word: 'failed', tone: 'bad' },
  void: { word: 'no decision', tone: 'warning' },
  withheld: { word: 'not shown', tone: 'bad' },
  unchecked: { word: 'nobody checked', tone: 'plain' },
}

export const SERVICE_WORDS: Readonly<Record<ServiceWire['state'], Word>> = {
  loading: { word: 'loading', tone: 'plain' },
  ready: { word: 'ready here', tone: 'plain' },
  registered: { word: 'on chain', tone: 'plain' },
  drawable: { word: 'can be drawn', tone: 'good' },
  unavailable: { word: 'unavailable', tone: 'bad' },
}

export const JOB_WORDS: Readonly<Record<JobWire['state'], Word>> = {
  running: { word: 'running', tone: 'plain' },
  delivered: { word: 'delivered', tone: 'plain' },
  countersigned: { word: 'signed by both', tone: 'good' },
  batched: { word: 'on chain', tone: 'good' },
  failed: { word: 'failed', tone: 'bad' },
}

export const ORDER_WORDS: Readonly<Record<OrderWire['state'], Word>> = {
  drawing: { word: 'being drawn', tone: 'plain' },
  streaming: { word: 'answering', tone: 'plain' },
  done: { word: 'done', tone: 'good' },
  failed: { word: 'failed', tone: 'bad' },
}

export const VERDICTS: Readonly<Record<DoneCheckWire['verdict'], Word>> = {
  pending: { word: 'under way', tone: 'plain' },
  pass: { word: 'is what the model says', tone: 'good' },
  fail: { word: 'is not what the model says', tone: 'bad' },
  unavailable: { word: 'data was nowhere to be had', tone: 'warning' },
  valid: { word: 'ruled valid', tone: 'good' },
  invalid: { word: 'ruled invalid', tone: 'bad' },
}

export const FINISHING_WORDS: Readonly<Record<FinishingStep, { readonly name: string; readonly text: string }>> = {
  orders: { name: 'Current work', text: 'The orders that run are brought to their end; no new ones are taken.' },
  batching: { name: 'Last batch', text: 'What is signed goes on chain as one last batch.' },
  draws: {
    name: 'Draws closed',
    text: 'Chance draws what is checked, and the drawn receipts are shown. A few more blocks.',
  },
  leaving: { name: 'Left', text: 'Everything that could be kept is kept. The network is told.' },
}

/** Why no order earns anything at present. */
export const IDLE_SENTENCES: Sentences<IdleReason> = {
  not_joined: () => ({
    title: 'You have not joined',
    text: 'Orders are drawn to hosts with weight, and weight comes from races. Press Join to begin.',
    tone: 'plain',
  }),
  no_weight: (fields) => ({
    title: 'No weight yet',
    text: `Orders are drawn by weight, and yours is zero until a race of yours is verified. ${nextRace(fields)}`,
    tone: 'plain',
  }),
  model_loading: (fields) => ({
    title: 'The model is loading',
    text: `${fields.model === undefined || fields.model === '' ? 'The model' : fields.model} is read, tried against the reference and measured. That takes a moment.`,
    tone: 'plain',
  }),
  model_unavailable: (fields) => ({
    title: 'The model cannot be served',
    text: `${fields.model === undefined || fields.model === '' ? 'The model' : fields.model} is not served: ${serviceReason(String(fields.error ?? ''))} The host tries again by itself.`,
    tone: 'warning',
  }),
  not_registered: () => ({
    title: 'Not yet on chain',
    text: 'The model runs here; the offer is on its way to the chain. A block or two.',
    tone: 'plain',
  }),
  not_in_roster: (fields) => ({
    title: 'Not on the roster yet',
    text: `Orders are drawn from a list that is written every few blocks, and you are on the next one${blocksLeft(fields)}.`,
    tone: 'plain',
  }),
  no_orders: () => ({
    title: 'Nobody has ordered',
    text: 'Everything is ready and you can be drawn. Send a request yourself: the page Build has a line to copy and a playground.',
    tone: 'plain',
  }),
  busy_racing: (fields) => ({
    title: 'No orders at the moment',
    text:
      fields.reason === undefined || fields.reason === 'busy'
        ? 'The device is taken: a race runs, or the queue is full. Orders are taken again by themselves, and saying so is no fault.'
        : `An order would be passed on: ${refusalWords(String(fields.reason)).replace(/^it /, 'this host ')}. Saying so is no fault.`,
    tone: 'plain',
  }),
  checks_open: (fields) => ({
    title: 'Earned, but still being checked',
    text: `${plural(fields, 'batches', 'batch', 'batches')} of yours ${fields.batches === 1 ? 'waits' : 'wait'} for the end of checks. Until then the price is on hold.`,
    tone: 'good',
  }),
  convicted: (fields) => ({
    title: 'Convicted',
    text: `The chain convicted this host: ${faultWords(fields)}. It may race again in the next epoch and starts without reputation.`,
    tone: 'bad',
  }),
  low_reputation: () => ({
    title: 'Reputation too low for the orders there are',
    text: 'The orders that come ask for more reputation than you have. It grows with each receipt that passes a check.',
    tone: 'plain',
  }),
}

export function idleSentence(code: string, fields: SentenceFields): Sentence {
  return isKnown(IDLE_SENTENCES, code) ? IDLE_SENTENCES[code](fields) : unknownCode(code)
}

function nextRace(fields: SentenceFields): string {
  const blocks = fields.nextRaceBlocks
  if (blocks === undefined) {
    return 'The next race comes by itself.'
  }
  return blocks === 0
    ? 'A race is on right now.'
    : `The next race begins in ${plural(fields, 'nextRaceBlocks', 'block')}.`
}

function blocksLeft(fields: SentenceFields): string {
  return fields.blocks === undefined ? '' : `, in ${say(fields, 'blocks')} ${fields.blocks === 1 ? 'block' : 'blocks'}`
}
