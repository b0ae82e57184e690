/**
 * Troubles in words: what happened, what it means for earnings, and what to do. Complete by type over the codes. Invariant: a `title`
 * holds no number that runs, because a screen reader is told it once.
 */
import type { Trouble, TroubleCode } from '../../../ipc/wires/trouble-wire.ts'
import { formatBytes, formatCount } from '../../format/amounts.ts'
import type { PageName } from '../../state/pages.ts'
import type { SentenceFields } from './sentence.ts'
import { say } from './sentence.ts'

export type TroubleAction =
  | { readonly kind: 'page'; readonly page: PageName; readonly name: string }
  | { readonly kind: 'compute_here'; readonly name: string }

export interface TroubleSentence {
  readonly title: string
  /** What happened and what it means for earnings. */
  readonly text: string
  /** What a person does about it; says so where that is nothing. */
  readonly advice: string
  readonly action?: TroubleAction
}

const toPage = (page: PageName, name: string): TroubleAction => ({ kind: 'page', page, name })

const TROUBLE_SENTENCES: Readonly<Record<TroubleCode, (fields: SentenceFields) => TroubleSentence>> = {
  chain_unreachable: () => ({
    title: 'The chain does not answer.',
    text: 'Nothing that was earned is lost: work that waits is sent when it is back. What you see is the last that was known.',
    advice: 'The node restarts by itself. If this lasts for minutes, the logs say why.',
    action: toPage('logs', 'Open the logs'),
  }),
  chain_catching_up: (fields) => ({
    title: 'Catching up with the chain.',
    text: `${count(fields, 'behindBlocks', 'block')} to go. Until then this host joins no race; what it has earned stays.`,
    advice: 'Nothing to do.',
  }),
  chain_halted: (fields) => ({
    title: 'The chain makes no blocks.',
    text: `The last one came ${seconds(fields)} ago. Nobody races or is paid meanwhile, and nothing on chain is lost.`,
    advice:
      'It goes on by itself as soon as there is a block. On a practice network, stopping and starting Tailrace helps.',
    action: toPage('network', 'Show the network'),
  }),
  gateway_gone: (fields) => ({
    title: 'The gateway does not answer.',
    text: `Requests from programs on this computer fail for now. Racing and its earnings go on.${restarts(fields)}`,
    advice: 'It restarts by itself. If it keeps failing, the logs say why.',
    action: toPage('logs', 'Open the logs'),
  }),
  member_failing: (fields) => ({
    title: `“${say(fields, 'name')}” keeps stopping.`,
    text: `It is a part of the practice network on this computer.${restarts(fields)} The rest goes on; with fewer hosts that check, a race may give no weight.`,
    advice: 'Look into its log file. Free memory and disk space help most often.',
    action: toPage('logs', 'Open the logs'),
  }),
  no_peers: () => ({
    title: 'Not connected to any other host.',
    text: 'Races go on, but paid orders cannot reach this host and it is soon counted as away.',
    advice: 'Check the internet connection and that a firewall lets Tailrace out. It tries again by itself.',
    action: toPage('network', 'Show the network'),
  }),
  device_lost: (fields) => ({
    title: `${device(fields)} was lost.`,
    text: 'Nothing computes on it at the moment, so this race brings fewer finds or none. What is held stays.',
    advice: 'Close what else uses it, update the driver, undo any overclocking; then check the device again.',
    action: toPage('device', 'Check the device'),
  }),
  page_closed: (fields) => ({
    title: 'No page lends its GPU.',
    text:
      fields.backend === 'cpu'
        ? 'The processor races instead, at a tenth of its time: that brings far fewer finds, so less weight.'
        : 'You are joined, but nothing computes, so there are no finds and no new weight.',
    advice: 'Keep one page of Tailrace open; its tab may be in the background.',
    action: { kind: 'compute_here', name: 'Compute here' },
  }),
  out_of_memory: (fields) => ({
    title: 'There was too little memory.',
    text: `“${say(fields, 'stage') === '…' ? say(fields, 'model') : say(fields, 'stage')}” could not run. Without it this host earns less until there is room again.`,
    advice: 'Close other programs, or serve fewer models.',
    action: toPage('settings', 'Choose the models'),
  }),
  model_damaged: (fields) => ({
    title: 'A model’s file is damaged.',
    text: `${say(fields, 'file')} of ${say(fields, 'model')} is not what it must be. No orders are taken for that model, so nobody can be answered wrongly; racing goes on.`,
    advice: 'It is fetched again where that can be done. If it stays damaged, the disk may be failing.',
    action: toPage('work', 'Show the models'),
  }),
  disk_full: (fields) => ({
    title: 'The disk is full.',
    text: `Racing and serving pause, so nothing more is earned; nothing that was promised is dropped. ${free(fields)}`,
    advice: `Make room on the disk of ${say(fields, 'folder')}. It goes on by itself then.`,
    action: toPage('device', 'Show the disk'),
  }),
  disk_low: (fields) => ({
    title: 'The disk is almost full.',
    text: `${free(fields)} When nothing is left, racing and serving pause.`,
    advice: `Make room on the disk of ${say(fields, 'folder')}.`,
    action: toPage('device', 'Show the disk'),
  }),
  clock_off: (fields) => ({
    title: 'The clock of this computer is wrong.',
    text: `It is ${clockWords(fields)} the chain’s. Others drop what this host tells them, so orders go to somebody else.`,
    advice: 'Turn on “set time automatically” in the settings of the operating system.',
  }),
  resumed: (fields) => ({
    title: 'This computer slept.',
    text: `For ${seconds(fields)}. Races and checks of that time are missed; what was earned before stays.`,
    advice: 'Nothing to do: it goes on with the next block. To earn overnight, keep the computer from sleeping.',
  }),
  wallet_locked: (fields) => ({
    title: 'The wallet is locked.',
    text: `It is needed to ${actionWords(fields)}. Races and checks go on with the device key; what is earned is credited all the same.`,
    advice: 'Unlock it with your passphrase.',
    action: toPage('wallet', 'Unlock the wallet'),
  }),
  device_key_expiring: (fields) => ({
    title: isExpired(fields) ? 'The device key has expired.' : 'The device key expires soon.',
    text: isExpired(fields)
      ? 'This host can no longer take part in races, so it earns nothing new.'
      : `In ${count(fields, 'blocks', 'block')}. After that this host could no longer take part in races.`,
    advice: 'Unlock the wallet: the key is renewed by itself then.',
    action: toPage('wallet', 'Open the wallet'),
  }),
}

export function troubleSentence({ code, fields }: Pick<Trouble, 'code' | 'fields'>): TroubleSentence {
  return TROUBLE_SENTENCES[code](fields)
}

function count(fields: SentenceFields, name: string, one: string): string {
  const value = Number(fields[name] ?? 0)
  return `${formatCount(value)} ${one}${value === 1 ? '' : 's'}`
}

function restarts(fields: SentenceFields): string {
  const times = Number(fields.restarts ?? 0)
  return times > 0 ? ` It was started again ${times === 1 ? 'once' : `${times} times`}.` : ''
}

function seconds(fields: SentenceFields): string {
  return spanWords(Math.abs(Number(fields.seconds ?? 0)))
}

function spanWords(value: number): string {
  if (value < 120) {
    return `${Math.round(value)} seconds`
  }
  return value < 7_200 ? `${Math.round(value / 60)} minutes` : `${Math.round(value / 3_600)} hours`
}

function clockWords(fields: SentenceFields): string {
  return `${seconds(fields)} ${Number(fields.seconds ?? 0) >= 0 ? 'ahead of' : 'behind'}`
}

function free(fields: SentenceFields): string {
  return `${formatBytes(Number(fields.freeBytes ?? 0))} are free.`
}

function device(fields: SentenceFields): string {
  return fields.backend === 'cpu' ? 'The compute worker' : 'The GPU'
}

function isExpired(fields: SentenceFields): boolean {
  return Number(fields.blocks ?? 0) <= 0
}

function actionWords(fields: SentenceFields): string {
  const action = say(fields, 'action')
  return action === '…' ? 'go on' : action.replaceAll('_', ' ')
}
