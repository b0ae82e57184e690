/**
 * `tailrace wallet …` over the contract of the running application: one function for each verb. Invariant: words and passphrases are
 * asked for (on a terminal unseen, else a line of stdin each), never taken from arguments and never part of the JSON output.
 * Read next: wallet/commands.ts (how the verbs are declared), ../ipc/wires/wallet-wire.ts (what each procedure refuses).
 */
import type { WalletDesk } from '../ipc/screen-router.ts'
import type { ScreenSnapshot } from '../ipc/snapshot.ts'
import type { SentWire, WalletDraftWire, WalletStateWire } from '../ipc/wires/wallet-wire.ts'
import { CodedError } from '../lib/coded-error.ts'
import { pairs, tail } from './layout.ts'

export interface WalletCli {
  readonly desk: WalletDesk
  snapshot(): Promise<Pick<ScreenSnapshot, 'wallet' | 'balance' | 'joined'>>
  ask(question: string, options: { readonly hidden: boolean }): Promise<string>
  /** A line for people alone. */
  say(text: string): void
  /** The result. */
  out(text: string): void
  readonly json: boolean
  /** Confirms what would be asked with yes or no. */
  readonly yes: boolean
  /** Whether somebody can be asked again after a mistake. */
  readonly isInteractive: boolean
  readonly signal: AbortSignal
}

const TRIES = 3
const PROTECTION = {
  none: 'none: any program of this user can read it',
  passphrase: 'a passphrase',
  system: 'the key store of this system',
} as const

export async function walletShow(cli: WalletCli): Promise<number> {
  const { wallet, balance } = await cli.snapshot()
  return done(cli, { ...wallet, balance }, walletText(wallet, balance))
}

export async function walletCreate(cli: WalletCli, { words }: { readonly words: 12 | 24 }): Promise<number> {
  const replaces = await agreeToReplace(cli)
  const draft = await cli.desk.create({ words })
  showWords(cli, draft)
  const answers = await askPositions(cli, draft)
  const passphrase = await askNewPassphrase(cli)
  return done(cli, ...stateOutput(await cli.desk.use({ draftId: draft.draftId, answers, passphrase, replaces })))
}

export async function walletRestore(cli: WalletCli): Promise<number> {
  const replaces = await agreeToReplace(cli)
  const words = splitWords(await cli.ask('The 12 or 24 words, in order: ', { hidden: true }))
  const found = await cli.desk.restore({ words }, cli.signal)
  cli.say(
    `These words are the wallet ${found.address} (${found.path}): ${tail(found.balance)}, ` +
      `${found.isRegistered ? 'registered as a host' : 'not registered as a host'} on this network.`,
  )
  await confirmed(cli, 'Use it on this computer?')
  const passphrase = await askNewPassphrase(cli)
  return done(cli, ...stateOutput(await cli.desk.use({ draftId: found.draftId, answers: [], passphrase, replaces })))
}

export async function walletProtect(cli: WalletCli): Promise<number> {
  const { wallet } = await cli.snapshot()
  const current =
    wallet.protection === 'passphrase' ? await cli.ask('The passphrase of now: ', { hidden: true }) : undefined
  return done(cli, ...stateOutput(await cli.desk.protect({ current, next: await askNewPassphrase(cli) })))
}

export async function walletUnlock(cli: WalletCli): Promise<number> {
  const { wallet } = await cli.snapshot()
  if (wallet.state === 'open') {
    return done(cli, ...stateOutput(wallet))
  }
  const passphrase = await cli.ask('Passphrase: ', { hidden: true })
  return done(cli, ...stateOutput(await cli.desk.unlock({ passphrase })))
}

export async function walletLock(cli: WalletCli): Promise<number> {
  return done(cli, ...stateOutput(await cli.desk.lock()))
}

export async function walletBackup(cli: WalletCli): Promise<number> {
  const { wallet } = await cli.snapshot()
  const passphrase = await passphraseWhere(cli, wallet.protection === 'passphrase')
  const draft = await cli.desk.reveal({ passphrase })
  showWords(cli, draft)
  const answers = await askPositions(cli, draft)
  return done(cli, ...stateOutput(await cli.desk.confirmBackup({ draftId: draft.draftId, answers })))
}

export async function walletSend(
  cli: WalletCli,
  input: { readonly to: string; readonly amount: bigint; readonly memo: string },
): Promise<number> {
  const { wallet } = await cli.snapshot()
  const isLocked = wallet.state === 'locked'
  const passphrase = await passphraseWhere(cli, isLocked)
  try {
    if (passphrase !== undefined) {
      await cli.desk.unlock({ passphrase })
    }
    const shown = await cli.desk.prepareSend({ ...input, amount: input.amount.toString() }, cli.signal)
    const remarks = shown.remarks.map((remark) => REMARKS[remark])
    cli.say(
      pairs([
        ['From', shown.from],
        ['To', shown.to],
        ['Amount', tail(shown.amount)],
        ['Fee', tail(shown.fee)],
        ['Left after it', tail(shown.balanceAfter)],
        ...(input.memo === '' ? [] : [['Memo', input.memo] as const]),
        ...remarks.map((remark) => ['Note', remark] as const),
      ]),
    )
    await confirmed(cli, `Send ${tail(shown.amount)}? It cannot be taken back.`)
    return sent(cli, await cli.desk.confirmSend({ sendId: shown.sendId }, cli.signal), 'Sent')
  } finally {
    if (isLocked) {
      await cli.desk.lock()
    }
  }
}

export async function walletPayout(cli: WalletCli, { address }: { readonly address: string }): Promise<number> {
  const { wallet } = await cli.snapshot()
  await confirmed(
    cli,
    address === ''
      ? `Credit earnings to ${wallet.address} again?`
      : `From now on, credit all earnings of this host to ${address}?`,
  )
  const passphrase = await passphraseWhere(cli, wallet.state === 'locked')
  return sent(cli, await cli.desk.setPayout({ address, passphrase }, cli.signal), 'Done')
}

const REMARKS = {
  to_self: 'this is the wallet’s own address: only the fee is spent',
  new_address: 'nobody has used this address on this network: check it letter by letter',
  to_payout: 'this is the payout address of this host',
} as const

/** The address to replace, or undefined where nothing is lost by it. @throws CodedError `joined`, `declined`, `confirmation_needed` */
async function agreeToReplace(cli: WalletCli): Promise<string | undefined> {
  const { wallet, balance, joined } = await cli.snapshot()
  if (joined) {
    throw new CodedError('joined', 'leave first: this host takes part under the wallet that is here')
  }
  if (wallet.isStarter && BigInt(balance) === 0n) {
    return undefined
  }
  await confirmed(
    cli,
    `Replace the wallet ${wallet.address} (${tail(balance)})? It is kept beside the new one, but this computer no longer uses it.`,
  )
  return wallet.address
}

function showWords(cli: WalletCli, { words, address, path }: WalletDraftWire): void {
  const rows = words.map((word, index) => `${String(index + 1).padStart(2)} ${word.padEnd(9)}`)
  const lines = Array.from({ length: Math.ceil(rows.length / 4) }, (_row, at) =>
    rows.slice(4 * at, 4 * at + 4).join(' '),
  )
  cli.say(
    [
      `Wallet ${address} (${path})`,
      'Write these words down on paper, in this order. Whoever has them has the money; without them nobody gets it back.',
      '',
      ...lines,
      '',
    ].join('\n'),
  )
}

async function askPositions(cli: WalletCli, { words, ask }: WalletDraftWire): Promise<string[]> {
  const answers: string[] = []
  for (const position of ask) {
    answers.push(await askWord(cli, position, words[position - 1] ?? ''))
  }
  return answers
}

/** Asked again on a terminal: the words are still above. @throws CodedError `backup_mismatch` */
async function askWord(cli: WalletCli, position: number, expected: string): Promise<string> {
  for (let tries = 0; tries < (cli.isInteractive ? TRIES : 1); tries++) {
    const [answer = ''] = splitWords(await cli.ask(`Word ${position}: `, { hidden: false }))
    if (answer === expected) {
      return answer
    }
    cli.say(`That is not word ${position}.`)
  }
  throw new CodedError('backup_mismatch', 'the words do not match what was shown', { fields: { position } })
}

/** @throws CodedError `passphrase_mismatch` */
async function askNewPassphrase(cli: WalletCli): Promise<string> {
  const passphrase = await cli.ask('New passphrase (10 characters or more): ', { hidden: true })
  if (cli.isInteractive && (await cli.ask('The same again: ', { hidden: true })) !== passphrase) {
    throw new CodedError('passphrase_mismatch', 'the two passphrases differ; nothing was changed')
  }
  return passphrase
}

function passphraseWhere(cli: WalletCli, isNeeded: boolean): Promise<string | undefined> {
  return isNeeded ? cli.ask('Passphrase: ', { hidden: true }) : Promise.resolve(undefined)
}

/** @throws CodedError `confirmation_needed`, `declined` */
async function confirmed(cli: WalletCli, question: string): Promise<void> {
  if (cli.yes) {
    return
  }
  if (!cli.isInteractive) {
    throw new CodedError('confirmation_needed', question)
  }
  const answer = (await cli.ask(`${question} [y/N] `, { hidden: false })).trim().toLowerCase()
  if (answer !== 'y' && answer !== 'yes') {
    throw new CodedError('declined', 'nothing was changed')
  }
}

function splitWords(text: string): string[] {
  return text
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
}

function sent(cli: WalletCli, outcome: SentWire, word: string): number {
  const { code, txHash, height, log } = outcome
  done(cli, outcome, code === 0 ? `${word}: ${txHash} in block ${height}` : `The chain refused it: ${log}`)
  return code === 0 ? 0 : 1
}

function stateOutput(wallet: WalletStateWire): [WalletStateWire, string] {
  return [wallet, walletText(wallet)]
}

function done(cli: WalletCli, value: object, text: string): number {
  cli.out(cli.json ? JSON.stringify(value) : text)
  return 0
}

function walletText(wallet: WalletStateWire, balance?: string): string {
  const { isStarter, isBackedUp, wordCount, device } = wallet
  const words = wordCount === 0 ? 'none (from an older folder)' : `${wordCount}, ${isBackedUp ? '' : 'not '}backed up`
  return pairs([
    ['Address', wallet.address],
    ...(balance === undefined ? [] : [['Balance', tail(balance)] as const]),
    ['State', `${wallet.state}${isStarter ? ', made by Tailrace at the first start' : ''}`],
    ['Protection', PROTECTION[wallet.protection]],
    ['Words', words],
    ['Path', wallet.path],
    ['Payout', wallet.payoutAddress === '' ? 'to this address' : wallet.payoutAddress],
    ['Device key', `${device.address}${device.expiryHeight === 0 ? '' : `, until block ${device.expiryHeight}`}`],
  ])
}
