/** The why-ledger in words: one sentence for each reason code, and what each fault was. */
import type { FaultCode, ReasonCode } from '../../../protocol/reasons.ts'
import type { Sentence, SentenceFields, Sentences } from './sentence.ts'
import { isKnown, say, unknownCode } from './sentence.ts'

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
    text: 'This host was convicted: an answer of it was proven wrong. Check the machine for overclocking or faulty memory before you go on.',
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
  order_income: (fields) => ({
    title: 'Paid for orders',
    text: `A batch of receipts went on chain and its payers’ money with it. It is yours when its checks have passed and ${say(fields, 'holdRaces')} more has closed.`,
    tone: 'good',
  }),
  order_burn: () => ({
    title: 'Burned',
    text: 'A small part of what every order pays is burned, so that ordering from oneself is never free.',
    tone: 'plain',
  }),
  check_fee: () => ({
    title: 'Paid to the checkers',
    text: 'Those who recomputed your receipts are paid from them. The better your reputation, the fewer are checked and the less this is.',
    tone: 'plain',
  }),
  check_reward: () => ({
    title: 'Paid for a check',
    text: 'You recomputed another host’s work, and the outcome confirmed you.',
    tone: 'good',
  }),
  receipt_void: () => ({
    title: 'A receipt was voided',
    text: 'The arbiters came to no decision about it. The payer has the money back and nobody is to blame.',
    tone: 'warning',
  }),
  opening_withheld: () => ({
    title: 'A batch was refunded',
    text: 'A receipt that was drawn for a check was not shown in time, so the whole batch went back to its payers. Let Finish end before you switch off.',
    tone: 'bad',
  }),
  withheld_penalty: () => ({
    title: 'Lost for not showing a receipt',
    text: 'The same sum as the refunded batch, taken once more. That makes hiding a wrong receipt dearer than showing it.',
    tone: 'bad',
  }),
}

export const FAULT_SENTENCES: Readonly<Record<FaultCode, string>> = {
  forged_find: 'two of its finds were wrong when recomputed',
  false_verification: 'it confirmed a find with a wrong result',
  false_accusation: 'it called a right find wrong',
  false_inference: 'an answer that it was paid for is not what the model says',
  false_report: 'it judged another host’s receipt against what the arbiters found',
  false_receipt: 'it signed a receipt that contradicts its order',
  double_sign: 'its consensus key signed two blocks of one height',
}

/** The fault that a notice names, as the end of a sentence. */
export function faultWords(fields: SentenceFields): string {
  const code = String(fields.code ?? fields.fault ?? '')
  return isKnown(FAULT_SENTENCES, code) ? FAULT_SENTENCES[code] : 'an answer of this host was wrong'
}

export function reasonSentence(code: string, fields: SentenceFields): Sentence {
  return isKnown(REASON_SENTENCES, code) ? REASON_SENTENCES[code](fields) : unknownCode(code)
}
