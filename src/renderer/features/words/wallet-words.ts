/** What a wallet's refusals say: what is wrong and what to do, for each code that the wallet's procedures name. */
import { MIN_PASSPHRASE_CHARACTERS } from '../../../ipc/wires/wallet-wire.ts'
import type { CodedError } from '../../../lib/coded-error.ts'
import { formatTailShort } from '../../format/amounts.ts'
import { failureSentence } from './failures.ts'
import type { SentenceFields } from './sentence.ts'
import { isKnown } from './sentence.ts'

type Say = (fields: SentenceFields) => string

export const WALLET_ERRORS = {
  draft_unknown: () => 'These words were shown more than 15 minutes ago, or used already. Begin again.',
  backup_mismatch: ({ position }) =>
    `Word ${position ?? ''} is another one on the paper or in the field. Compare both, then try again.`.replace(
      '  ',
      ' ',
    ),
  passphrase_weak: () =>
    `This passphrase is easy to guess. Take at least ${MIN_PASSPHRASE_CHARACTERS} characters; four unrelated words do well.`,
  passphrase_needed: () =>
    'This computer has no sound key store of its own, so the wallet needs a passphrase. Choose one.',
  wrong_passphrase: () => 'This is not the wallet’s passphrase. Nothing was changed; try again.',
  joined: () => 'Your host takes part right now. Finish or leave first, then change the wallet.',
  not_confirmed: () =>
    'Another wallet is in use than the one you confirmed. Look at its address once more, then confirm again.',
  busy: () => 'Too many tries at once. Wait a second, then try again.',
  no_words: () =>
    'This wallet has no words: it comes from an older data folder. Create a new one and send the coins there.',
  bad_words: ({ position }) =>
    position === undefined || position === 0
      ? 'Each word is in the list, but they do not fit together. One is another word, or two changed places.'
      : `Word ${position} is not in the list of words. Check how it is spelt.`,
  bad_address: () => 'This is no address of this network. Addresses begin with tail1; copy the whole of it.',
  bad_amount: () => 'This amount cannot be sent. Give a number above zero with at most six decimals.',
  insufficient_funds: ({ balance, fee }) =>
    `The balance does not cover this and the fee.${coins(' You have', balance)}${coins(' The fee is', fee)}`,
  wallet_locked: () => 'The wallet is locked. Unlock it with its passphrase, then go on.',
  tx_superseded: () =>
    'Another transaction of this wallet came first, so this one was not sent. Look at the balance, then prepare it anew.',
  send_unknown: () =>
    'This was prepared more than five minutes ago, or is sent already. Look at the balance, then prepare it anew.',
  damaged_file: () =>
    'The wallet’s file is damaged. Nothing was written over it. Restore the wallet from its words, or bring the file back from a copy.',
  newer_data: () =>
    'The wallet’s file was written by a newer Tailrace. Install that version, or restore from the words.',
  system_store_failed: () =>
    'The system’s key store did not answer. Unlock it, or restart the computer’s session; or restore from the words.',
  wallet_missing: () =>
    'The wallet’s file is gone while its keys are still here. Put the file back from a copy, or restore from the words.',
  wallet_needed: () => 'There is no wallet on this computer yet. Create one, or restore yours from its words.',
  no_passphrase: () => 'Set a passphrase first: without one, anybody here could open it again.',
  signing_refused: () => 'The key refuses to sign this: it is not what was shown. Nothing was sent; prepare it anew.',
  bad_memo: () => 'The note is too long. Shorten it; letters beyond a to z count more than once.',
  disk_full: () => 'The disk is full, so nothing was changed. Make room, then try again.',
  unavailable: () => 'This is not there in this version.',
  not_registered: () => 'This host is not registered yet. Join once, then set where its credits go.',
  tx_failed: () => 'The chain did not take it. Nothing was sent; the log folder has the details.',
} as const satisfies Readonly<Record<string, Say>>

export function walletErrorSentence({ code, fields }: Pick<CodedError, 'code' | 'fields'>): string {
  return isKnown(WALLET_ERRORS, code) ? WALLET_ERRORS[code](fields) : failureSentence(code)
}

/** Of a call that signs: no answer does not mean that nothing happened. */
export function signingErrorSentence(error: Pick<CodedError, 'code' | 'fields'>): string {
  return ['connection_lost', 'aborted', 'internal', 'chain_unreachable', 'tx_timeout'].includes(error.code)
    ? 'No answer came, so it is not known whether this was sent. Look at the balance in a moment before you try again.'
    : walletErrorSentence(error)
}

export const REMARK_WORDS: Readonly<Record<'to_self' | 'new_address' | 'to_payout', string>> = {
  to_self: 'This is this wallet’s own address: only the fee would move.',
  new_address: 'This chain has never seen this address. Compare it with where you have it from, letter by letter.',
  to_payout: 'This is the payout address that you set.',
}

export const PROTECTION_WORDS: Readonly<Record<'none' | 'passphrase' | 'system', string>> = {
  none: 'None: every program of this user can read it',
  passphrase: 'Encrypted with your passphrase',
  system: 'Encrypted by the system’s key store',
}

function coins(name: string, utail: string | number | boolean | undefined): string {
  return typeof utail === 'string' && /^\d{1,39}$/.test(utail) ? `${name} ${formatTailShort(utail)} TAIL.` : ''
}
