/** What the host says about races, in words. */
import { backendReason, firstStage } from './devices.ts'
import { faultWords } from './reasons.ts'
import type { Sentence, SentenceFields, Sentences } from './sentence.ts'
import { plural, say } from './sentence.ts'

/** The codes that the host's notices carry; a conformance test compares with the host's own list. */
export const HOST_NOTICES = {
  racing_on_cpu: (fields) => ({
    title: 'Racing on the processor',
    text: `${backendReason(String(fields.reason ?? ''))} Finds count the same, there are just fewer of them.`,
    tone: 'warning',
  }),
  no_conformant_backend: (fields) => ({
    title: 'This machine cannot race',
    text: `Neither the GPU nor the processor computed the test attempts exactly${firstStage(String(fields.stage ?? ''))}. Update the graphics driver, undo any overclocking, then join again.`,
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
  wallet_locked: (fields) => ({
    title: 'The wallet is locked',
    text:
      fields.action === 'renew'
        ? 'Everything goes on. The registration of this computer ends before long and is renewed as soon as you unlock the wallet.'
        : 'This computer can only join with your signature. Unlock the wallet and it goes on by itself.',
    tone: 'warning',
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

export type HostNotice = keyof typeof HOST_NOTICES

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
  if (detail === 'gpu_memory_short') {
    return {
      title: 'Little memory on the GPU',
      text: 'The race goes on in smaller pieces and finds a little less. Close other programs that use the GPU to give it room.',
      tone: 'warning',
    }
  }
  return { title: 'Word from the compute worker', text: `It says “${detail}”.`, tone: 'plain' }
}

function actionWords(fields: SentenceFields): string {
  return say(fields, 'action').replaceAll('_', ' ')
}
