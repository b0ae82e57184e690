/** What the host says about paid work, in words. */
import { formatRate, formatTailShort } from '../../format/amounts.ts'
import { serviceReason } from './devices.ts'
import { orderFaultWords } from './refusals.ts'
import type { SentenceFields, Sentences } from './sentence.ts'
import { codeWords, plural, say } from './sentence.ts'

/** The codes of paid work's notices; a conformance test compares with the host's own list. */
export const WORK_NOTICES = {
  model_served: (fields) => ({
    title: 'Offered on chain',
    text: `${say(fields, 'model')}, at ${formatRate(Number(fields.tokensPerSecond ?? 0))} tokens a second. Orders can be drawn to you from the next roster on.`,
    tone: 'good',
  }),
  model_withdrawn: (fields) => ({
    title: 'No longer offered',
    text: `${say(fields, 'model')} is off the list, so no new order for it is drawn to you.`,
    tone: 'plain',
  }),
  model_unavailable: (fields) => ({
    title: 'A model cannot be loaded',
    text: `${say(fields, 'model')} is not served: ${serviceReason(String(fields.error ?? ''))} The host tries again by itself.`,
    tone: 'warning',
  }),
  model_unknown: (fields) => ({
    title: 'The network does not know a model',
    text: `${say(fields, 'model')} is not on the chain’s list, so nobody can order from it here.`,
    tone: 'warning',
  }),
  order_failed: (fields) => ({
    title: 'An order failed here',
    text: `${orderFaultWords(String(fields.error ?? ''))} It earned nothing and cost nothing.`,
    tone: 'warning',
  }),
  payer_suspected: () => ({
    title: 'A payer promised too much',
    text: 'Two orders of one payer contradict each other. The chain is shown both; what it owes you is paid from its guarantee.',
    tone: 'warning',
  }),
  batch_taken: (fields) => ({
    title: 'Receipts batched',
    text: `${plural(fields, 'leaves', 'receipt')} went on chain in batch ${say(fields, 'batch')}${sumWords(fields)}. The price is on hold; two blocks later chance draws what is checked.`,
    tone: 'good',
  }),
  batch_refused: (fields) => ({
    title: 'A batch was refused',
    text: `The chain did not take it: ${say(fields, 'log')}. Its receipts go into the next one.`,
    tone: 'warning',
  }),
  batch_paid: (fields) => ({
    title: 'A batch passed',
    text: `The checks of batch ${say(fields, 'batch')} are closed${sumWords(fields)}. It is credited with the epoch that it belongs to.`,
    tone: 'good',
  }),
  batch_refunded: (fields) => ({
    title: 'A batch was refunded',
    text: `The payers of batch ${say(fields, 'batch')} have their money back${sumWords(fields)}. The why-ledger says what led to it.`,
    tone: 'bad',
  }),
  receipt_lost: (fields) => ({
    title: 'A receipt is not paid',
    text: orderFaultWords(String(fields.reason ?? '')),
    tone: 'warning',
  }),
  opening_missing: (fields) => ({
    title: 'A drawn receipt is not here',
    text: `Batch ${say(fields, 'batch')} was drawn for a check of a receipt that this computer has no data of. If nobody else shows it in time, the batch is refunded.`,
    tone: 'bad',
  }),
  custodian_unreachable: (fields) => ({
    title: 'Nobody else keeps your receipts yet',
    text: `The host drawn to keep those of batch ${say(fields, 'batch')} does not answer. Stay until the draws are closed: this computer alone can show them.`,
    tone: 'warning',
  }),
  work_not_postable: (fields) => ({
    title: 'Too long to show on chain',
    text: `The data of a check of batch ${say(fields, 'batch')} does not fit a transaction. The verifiers can still ask this computer for it: stay connected.`,
    tone: 'warning',
  }),
  opened_for_another: (fields) => ({
    title: 'Shown for another host',
    text: `You kept the receipts of batch ${say(fields, 'batch')} for a host that is away, and showed the one that was drawn.`,
    tone: 'good',
  }),
  check_reported: (fields) => ({
    title: 'Work of another host checked',
    text: `You recomputed a receipt of batch ${say(fields, 'batch')}: ${reportWords(fields)}`,
    tone: 'plain',
  }),
  ruling_revealed: () => ({
    title: 'Ruled as an arbiter',
    text: 'A check was disputed and you were drawn to decide it with the reference engine. Your ruling is on chain.',
    tone: 'plain',
  }),
  overcommitment_proved: () => ({
    title: 'A payer was proven to promise too much',
    text: 'Its escrow is frozen, and its guarantee pays the hosts that it owes.',
    tone: 'plain',
  }),
} as const satisfies Sentences<string>

export type WorkNoticeName = keyof typeof WORK_NOTICES

/** `, 0.0834 TAIL`, where the notice says the sum. */
function sumWords({ sum }: SentenceFields): string {
  return typeof sum === 'string' && /^[0-9]+$/.test(sum) ? `, ${formatTailShort(sum)} TAIL` : ''
}

/** `verdict` is a number of the wire (1 pass, 2 fail, 3 unavailable) or its name. */
function reportWords(fields: SentenceFields): string {
  switch (String(fields.verdict ?? '').toLowerCase()) {
    case '1':
    case 'pass':
      return 'it is what the model says.'
    case '2':
    case 'fail':
      return 'it is not what the model says. Arbiters decide now.'
    case '3':
    case 'unavailable':
      return 'its data was nowhere to be had.'
    default:
      return `your verdict is on chain${fields.verdict === undefined ? '' : ` (${codeWords(String(fields.verdict))})`}.`
  }
}
