/** What the desktop says outside its window: tray and notifications. The screen says the same at more length (renderer/features/words). */
import { toHex } from '../../lib/bytes.ts'
import type { Approval } from '../keys/approvals.ts'
import type { CoreState, FinalCode } from './core/core-keeper.ts'
import type { CoreView } from './core/core-wire.ts'

const PHASE_WORDS: Readonly<Record<CoreView['phase'], string>> = {
  idle: 'Not joined',
  checking_device: 'Checking this device',
  joining: 'Joining',
  waiting_for_race: 'Joined, waiting for the next race',
  racing: 'Racing',
  being_verified: 'Finds are being verified',
  settled: 'Joined, serving',
  leaving: 'Leaving',
  stopped_by_fault: 'Stopped by a fault',
}

const CORE_WORDS: Readonly<Record<Exclude<CoreState, 'running'>, string>> = {
  starting: 'Starting',
  waiting: 'Stopped unexpectedly, starting again',
  stopping: 'Finishing current work',
  stopped: 'Stopped',
  failed: 'Cannot start',
}

/** One line: what this computer does now. */
export function stateWords(core: CoreState, view: CoreView | undefined): string {
  if (core !== 'running') {
    return CORE_WORDS[core]
  }
  if (view === undefined) {
    return CORE_WORDS.starting
  }
  if (view.connection === 'disconnected') {
    return 'The chain does not answer, trying again'
  }
  return view.isFinishing ? 'Finishing, then leaving' : PHASE_WORDS[view.phase]
}

export const MENU_WORDS = {
  open: 'Open Tailrace',
  join: 'Join',
  leave: 'Finish and leave',
  quit: 'Quit Tailrace',
  quitNow: 'Quit now, without waiting',
} as const

const FAILURE_WORDS: Readonly<Record<FinalCode, string>> = {
  already_running:
    'Tailrace already runs on this data folder, perhaps in a terminal. Stop it there, or use its screen.',
  wallet_missing:
    'The wallet of this data folder is missing. Restore its file from a backup, or move the folder away to begin a new one.',
  newer_data: 'This data folder was written by a newer Tailrace. Install that version to go on.',
  damaged_file: 'A file of the data folder is damaged. Restore it from a backup or move it away, then start again.',
  settings_damaged:
    'The settings file is damaged. Nothing was written over it. Correct it, or move it away to begin with the defaults, then start again.',
  bad_environment:
    'An environment variable of Tailrace has a value that it cannot have. Correct or unset it, then start again.',
  file_too_large:
    'A file of the data folder is far larger than Tailrace ever writes it. Restore it from a backup or move it away, then start again.',
  file_unreadable: 'A file of the data folder cannot be read. Make sure that it belongs to you, then start again.',
  invalid_genesis:
    'The genesis file of the network is not valid. Restore it from a backup, or begin a new data folder.',
  store_damaged:
    'A database of the data folder is damaged. Restore it from a backup or move it away, then start again.',
  store_version:
    'A database of the data folder was written by another version of Tailrace. Install that version to go on.',
}

export function failureWords(code: string, message: string): string {
  // Which file, field or variable it is stands in the message.
  const words = Object.hasOwn(FAILURE_WORDS, code) ? FAILURE_WORDS[code as FinalCode] : 'Tailrace could not start.'
  return message === '' ? words : `${words}\n\n${message}`
}

export interface NoticeText {
  readonly title: string
  readonly body: string
}

export function faultText(code: string): NoticeText {
  const why = code === '' ? '' : ` (${code})`
  return {
    title: 'A fault was proven',
    body: `This computer was stopped by a fault${why}. Open Tailrace to see what to do.`,
  }
}

export function troubleText(code: string): NoticeText {
  return {
    title: 'Tailrace needs attention',
    body: `Earning is held up (${code.replaceAll('_', ' ')}). Open Tailrace to see what to do.`,
  }
}

export function updateText(version: string, isDownloaded: boolean): NoticeText {
  const body = isDownloaded ? 'It is installed when Tailrace is started again.' : 'Open Tailrace to see what is new.'
  return { title: `Tailrace ${version} is here`, body }
}

/** `earned`: utail. */
export function earningText(earned: string): NoticeText {
  return { title: 'Your first earning', body: `This computer has earned its first ${tailOf(earned)} TAIL.` }
}

export interface ConfirmText {
  readonly title: string
  readonly detail: string
  readonly confirm: string
  readonly cancel: string
}

/** What the owner key is about to sign, read from the very message. */
export function confirmText({ message, fee, memo, chainId }: Approval): ConfirmText {
  const rest = [`Fee: ${tailOf(fee.toString())} TAIL`, ...(memo === '' ? [] : [`Memo: ${memo}`]), `Network: ${chainId}`]
  const text = (title: string, lines: readonly string[], confirm: string): ConfirmText => ({
    title,
    detail: [...lines, ...rest].join('\n'),
    confirm,
    cancel: 'Cancel',
  })
  switch (message.typeUrl) {
    case '/cosmos.bank.v1beta1.MsgSend': {
      const amount = message.value.amount.map((coin) => `${tailOf(coin.amount)} TAIL`).join(' + ')
      return text(`Send ${amount}?`, [`From: ${message.value.fromAddress}`, `To: ${message.value.toAddress}`], 'Send')
    }
    case '/tailrace.v1.MsgSetPayout':
      return text('Change where earnings go?', [`To: ${message.value.payout || 'this wallet'}`], 'Change')
    case '/tailrace.v1.MsgRegisterValidator':
      return text('Let this host sign blocks?', ['Its race weight becomes power in consensus.'], 'Register')
    case '/tailrace.v1.MsgNameValidator':
      return text('Choose who carries your weight in consensus?', [carrierLine(message.value.validator)], 'Choose')
    case '/tailrace.v1.MsgVoteUpgrade': {
      const { height, version, name } = message.value
      const plan = height === 0n ? 'No upgrade' : `Version ${version} from block ${height}: ${name}`
      return text('Vote on an upgrade?', [plan], 'Vote')
    }
    default:
      return text('Sign with the owner key?', [`Message: ${message.typeUrl}`], 'Sign')
  }
}

function carrierLine(validator: Uint8Array): string {
  return validator.length === 0 ? 'Nobody named: it is drawn' : `Validator: ${toHex(validator).toUpperCase()}`
}

/** utail as TAIL, at most six decimals, none that are zero. */
function tailOf(utail: string): string {
  const padded = utail.padStart(7, '0')
  const decimals = padded.slice(-6).replace(/0+$/, '')
  return `${padded.slice(0, -6)}${decimals === '' ? '' : `.${decimals}`}`
}
