/**
 * The one place where codes become sentences. Each says what happened and, where a person can do something, what. Typed over
 * the code lists: a code without a sentence does not compile. Codes of a newer host fall back to a sentence that says so.
 */
import type { FaultCode, ReasonCode } from '../../../protocol/reasons.ts'

export type Tone = 'good' | 'plain' | 'warning' | 'bad'

export interface Sentence {
  readonly title: string
  readonly text: string
  readonly tone: Tone
}

/** Fields of a notice, or what is known of the rules for a ledger entry. */
export type SentenceFields = Readonly<Record<string, string | number | boolean>>

type Sentences<Code extends string> = Readonly<Record<Code, (fields: SentenceFields) => Sentence>>

/** A value of the fields in words; what is missing reads as an ellipsis rather than as `undefined`. */
function say(fields: SentenceFields, name: string): string {
  const value = fields[name]
  return value === undefined ? '…' : String(value)
}

function plural(fields: SentenceFields, name: string, one: string, many = `${one}s`): string {
  const value = fields[name]
  return value === 1 || value === '1' ? `1 ${one}` : `${value === undefined ? 'Some' : value} ${many}`
}

/** Fields: holdRaces, minFinds, bondPercent. */
export const REASON_SENTENCES: Sentences<ReasonCode> = {
  emission_share: (fields) => ({
    title: 'Earned, on hold',
    text: `Your share of this race’s reward. It is credited ${say(fields, 'holdRaces')} later, when every check is closed.`,
    tone: 'good',
  }),
  hold_released: () => ({
    title: 'Credited',
    text: 'The hold is over and nothing was found wrong. It is in your balance and yours to spend.',
    tone: 'good',
  }),
  bond_kept: (fields) => ({
    title: 'Kept as bond',
    text: `${say(fields, 'bondPercent')} of each credit stays as your bond until it is full. You bought nothing to join; this stands in for it.`,
    tone: 'plain',
  }),
  slashed_held: () => ({
    title: 'Held earnings taken',
    text: 'This host was convicted: the chain recomputed its answer and it was wrong. Check the machine for overclocking or faulty memory before you race again.',
    tone: 'bad',
  }),
  slashed_bond: () => ({
    title: 'Bond taken',
    text: 'The bond went with the conviction. It builds up again from later credits.',
    tone: 'bad',
  }),
  race_verified: () => ({
    title: 'Weight set',
    text: 'Other hosts recomputed a sample of your finds and every one was right.',
    tone: 'good',
  }),
  not_in_race: () => ({
    title: 'Nothing earned',
    text: 'You joined after this race had begun. You are in the next one.',
    tone: 'plain',
  }),
  too_few_finds: (fields) => ({
    title: 'Nothing earned',
    text: `Fewer than ${say(fields, 'minFinds')} finds, the least that counts. Keep this tab open for the whole race, and close what else uses the GPU.`,
    tone: 'warning',
  }),
  verifiers_absent: () => ({
    title: 'Weight not raised',
    text: 'None of the hosts drawn to check you answered. That is not your fault: the next race draws others.',
    tone: 'warning',
  }),
  shape_without_weight: () => ({
    title: 'Nothing earned',
    text: 'This network gives no weight to the small test model that you raced with.',
    tone: 'warning',
  }),
  convicted: () => ({
    title: 'Nothing earned',
    text: 'This host was convicted in this epoch. It may race again in the next one, starting without reputation.',
    tone: 'bad',
  }),
  duties_missed: () => ({
    title: 'Nothing earned',
    text: 'You were drawn to check others and did not answer in time. Keep this tab open after the race as well.',
    tone: 'warning',
  }),
  inactive: () => ({
    title: 'Nothing earned',
    text: 'You had left before the epoch closed. Stay until the close to earn from a race.',
    tone: 'plain',
  }),
}

export const FAULT_SENTENCES: Readonly<Record<FaultCode, string>> = {
  forged_find: 'two of its finds were wrong when recomputed',
  false_verification: 'it confirmed a find with a wrong result',
  false_accusation: 'it called a right find wrong',
}

/** The codes that the host's notices carry; a conformance test compares with the host's own list. */
export const NOTICE_SENTENCES = {
  racing_on_cpu: (fields) => ({
    title: 'Racing on the processor',
    text: `${backendReason(String(fields.reason ?? ''))} Finds count the same, there are just fewer of them.`,
    tone: 'warning',
  }),
  no_conformant_backend: () => ({
    title: 'This machine cannot race',
    text: 'Neither the GPU nor the processor computed the test attempts exactly. Update the graphics driver, undo any overclocking, then join again.',
    tone: 'bad',
  }),
  device_lost: () => ({
    title: 'The GPU was lost for a moment',
    text: 'The race goes on. If this repeats, update the graphics driver or undo any overclocking.',
    tone: 'warning',
  }),
  compute_unavailable: () => ({
    title: 'Nothing computes at the moment',
    text: 'No tab lends its GPU. Keep one tab of this page open.',
    tone: 'warning',
  }),
  faulty_finds: (fields) => ({
    title: 'Faulty finds dropped',
    text: `${plural(fields, 'count', 'find')} failed when recomputed and never left this computer, so no harm done. The usual cause is overclocking or failing memory.`,
    tone: 'warning',
  }),
  compute_notice: (fields) => computeNotice(say(fields, 'detail')),
  joined: () => ({ title: 'Joined', text: 'This host is in. Nothing was paid for it.', tone: 'good' }),
  registered: (fields) => ({
    title: 'Registered on chain',
    text: `Block ${say(fields, 'height')} carries the registration. It cost nothing.`,
    tone: 'good',
  }),
  left: () => ({
    title: 'Left',
    text: 'This host takes no more work. What is still held is credited on time.',
    tone: 'plain',
  }),
  device_replaced: () => ({
    title: 'Another machine took over',
    text: 'The same owner registered a newer device, so this one stopped. Join again here to take it back.',
    tone: 'warning',
  }),
  race_started: (fields) => ({
    title: 'Race started',
    text: `Race ${say(fields, 'epoch')} runs on the ${fields.backend === 'cpu' ? 'processor' : 'GPU'}.`,
    tone: 'plain',
  }),
  finds_committed: (fields) => ({
    title: 'Finds committed',
    text: `${plural(fields, 'count', 'find')} went on chain, ${say(fields, 'total')} in this race so far.`,
    tone: 'plain',
  }),
  race_missed: (fields) => ({
    title: 'Race missed',
    text: `Race ${say(fields, 'epoch')} ended without a find of yours on chain. Keep this tab open; the next race comes by itself.`,
    tone: 'warning',
  }),
  finds_lost: (fields) => ({
    title: 'Finds came too late',
    text: `${plural(fields, 'count', 'find')} could not be committed before the race ended and will not count.`,
    tone: 'warning',
  }),
  duty_drawn: () => ({
    title: 'Drawn as a checker',
    text: 'The network drew you to recompute finds of other hosts. This happens by itself.',
    tone: 'plain',
  }),
  duty_answered: () => ({
    title: 'Check answered',
    text: 'Your recomputation of other hosts’ finds is on chain.',
    tone: 'good',
  }),
  duty_missed: () => ({
    title: 'Check missed',
    text: 'A check you were drawn for went unanswered, which lowers this epoch’s reward. Keep this tab open after the race.',
    tone: 'warning',
  }),
  challenge_sent: () => ({
    title: 'Wrong find reported',
    text: 'A find of another host was wrong when recomputed here. The chain recomputes it too and decides.',
    tone: 'plain',
  }),
  convicted: (fields) => ({
    title: 'Convicted',
    text: `The chain convicted this host: ${faultWords(fields)}. Held earnings and bond are gone. Test the machine’s memory and undo overclocking before you race again.`,
    tone: 'bad',
  }),
  weight_set: () => ({ title: 'Weight set', text: 'The race is settled.', tone: 'good' }),
  earning_held: () => ({ title: 'Earned, on hold', text: 'See the list of earnings.', tone: 'good' }),
  earning_bonded: () => ({ title: 'Kept as bond', text: 'See the list of earnings.', tone: 'plain' }),
  earning_credited: () => ({ title: 'Credited', text: 'See the list of earnings.', tone: 'good' }),
  earning_zero: () => ({ title: 'Nothing earned', text: 'The list of earnings says why.', tone: 'warning' }),
  earning_taken: () => ({ title: 'Earnings taken', text: 'The list of earnings says why.', tone: 'bad' }),
  chain_unreachable: () => ({
    title: 'The chain does not answer',
    text: 'The node restarts by itself; nothing that is on chain is lost. If this lasts, look into the logs.',
    tone: 'warning',
  }),
  chain_reachable: () => ({ title: 'The chain answers again', text: 'Everything goes on.', tone: 'good' }),
  tx_failed: (fields) => ({
    title: 'A message was refused',
    text: `The chain did not take “${actionWords(fields)}”: ${say(fields, 'log')} (code ${say(fields, 'code')}). The host tries again where that helps.`,
    tone: 'warning',
  }),
  internal_fault: (fields) => ({
    title: 'Something broke inside',
    text: `The task “${say(fields, 'task')}” failed (${say(fields, 'error')}). That is a defect: please report it with the logs.`,
    tone: 'bad',
  }),
} as const satisfies Sentences<string>

export type KnownNotice = keyof typeof NOTICE_SENTENCES

/** Notices that repeat what the list of earnings says better. */
export const LEDGER_NOTICES: ReadonlySet<string> = new Set<KnownNotice>([
  'weight_set',
  'earning_held',
  'earning_bonded',
  'earning_credited',
  'earning_zero',
  'earning_taken',
])

/** Why the processor races instead of the GPU; complete sentences. */
export function backendReason(reason: string): string {
  if (reason.startsWith('not_conformant')) {
    return 'The GPU’s results differ from the network’s in at least one bit, so they would not count. A newer driver may fix it.'
  }
  switch (reason) {
    case 'webgpu':
      return 'The GPU computes every test attempt exactly.'
    case 'software_adapter':
      return 'The browser offers WebGPU only in software here, which is slower than the processor itself.'
    case 'no_adapter':
      return 'The browser offers no WebGPU adapter. Turn on hardware acceleration or update the graphics driver.'
    default:
      return 'The GPU is not in use.'
  }
}

export function reasonSentence(code: string, fields: SentenceFields): Sentence {
  return isKnown(REASON_SENTENCES, code) ? REASON_SENTENCES[code](fields) : unknownCode(code)
}

export function noticeSentence(code: string, fields: SentenceFields): Sentence {
  return isKnown(NOTICE_SENTENCES, code) ? NOTICE_SENTENCES[code](fields) : unknownCode(code)
}

/** What a failed command says. */
export function failureSentence(code: string): string {
  switch (code) {
    case 'connection_lost':
      return 'The host did not answer. It reconnects by itself; try again in a moment.'
    case 'chain_unreachable':
      return 'The chain does not answer right now. Try again in a moment.'
    case 'invalid_message':
    case 'contract_mismatch':
      return 'This page is older than the host. Reload it.'
    default:
      return `That did not work (${code}). The log folder has the details.`
  }
}

function isKnown<Table extends object>(table: Table, code: string): code is Extract<keyof Table, string> {
  return Object.hasOwn(table, code)
}

function unknownCode(code: string): Sentence {
  return {
    title: code.replaceAll('_', ' '),
    text: `This screen has no words yet for “${code}”. Reload the page to get the newest.`,
    tone: 'plain',
  }
}

function computeNotice(detail: string): Sentence {
  if (detail === 'racing_without_screen') {
    return {
      title: 'Racing without the GPU',
      text: 'No tab lends its GPU, so the host races on the processor at a tenth of its time. Keep one tab of this page open.',
      tone: 'warning',
    }
  }
  if (detail === 'faulty_find') {
    return {
      title: 'A faulty find was dropped',
      text: 'It failed when recomputed and never left this computer. The usual cause is overclocking or failing memory.',
      tone: 'warning',
    }
  }
  return { title: 'Word from the compute worker', text: `It says “${detail}”.`, tone: 'plain' }
}

function faultWords(fields: SentenceFields): string {
  const code = String(fields.code ?? fields.fault ?? '')
  return isKnown(FAULT_SENTENCES, code) ? FAULT_SENTENCES[code] : 'an answer of this host was wrong'
}

function actionWords(fields: SentenceFields): string {
  return say(fields, 'action').replaceAll('_', ' ')
}
