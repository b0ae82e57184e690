/** The declared `tailrace wallet` commands: options, the connection, and the verbs of ../run-wallet.ts over it. */
import { z } from 'zod'
import type { WalletDesk } from '../../ipc/screen-router.ts'
import { MAX_PASSPHRASE_CHARACTERS } from '../../ipc/wires/wallet-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Command } from '../command.ts'
import { defineCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import type { Control } from '../control-client.ts'
import { HOME, JSON_OUTPUT, YES } from '../options.ts'
import type { WalletCli } from '../run-wallet.ts'
import {
  walletBackup,
  walletCreate,
  walletLock,
  walletPayout,
  walletProtect,
  walletRestore,
  walletSend,
  walletShow,
  walletUnlock,
} from '../run-wallet.ts'
import { snapshotOf, withControl } from '../with-control.ts'

const options = { home: HOME, json: JSON_OUTPUT }
const asking = { ...options, yes: YES }
/** As the contract bounds addresses; whether it is one the application says. */
const ADDRESS = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+$/, 'must be an address: tail1…')
const AMOUNT = z
  .string()
  .regex(/^[1-9][0-9]{0,29}$/, 'must be a positive whole number of utail')
  .transform((text) => BigInt(text))

type Verb<Input> = (cli: WalletCli, input: Input) => Promise<number>

interface Common {
  readonly home: string | undefined
  readonly json: boolean
  readonly yes?: boolean
}

function over<Input>(verb: Verb<Input>, args: Common, input: Input, context: CliContext): Promise<number> {
  return withControl(context, args.home, (control) => {
    const { terminal, signal } = context
    return verb(
      {
        desk: deskOver(control),
        snapshot: () => snapshotOf(control),
        ask: (question, { hidden }) => ask(context, question, hidden),
        say: (text) => terminal.say(text),
        out: (text) => terminal.out(text),
        json: args.json,
        yes: args.yes ?? false,
        isInteractive: terminal.isInteractive,
        signal,
      },
      input,
    )
  })
}

async function ask({ terminal }: CliContext, question: string, hidden: boolean): Promise<string> {
  const answer = await (hidden ? terminal.askSecret(question) : terminal.ask(question))
  // Words of a wallet are the longest that may be answered.
  if (answer.length > 2 * MAX_PASSPHRASE_CHARACTERS) {
    throw new CodedError('bad_usage', 'the answer is too long')
  }
  return answer
}

/** Each procedure of the contract as the application's own desk has it. */
export function deskOver({ client: { wallet } }: Control): WalletDesk {
  return {
    create: (input) => wallet.create(input),
    restore: ({ words }, signal) => wallet.restore({ words: [...words] }, { signal }),
    use: (input) => wallet.use({ ...input, answers: [...input.answers] }),
    unlock: (input) => wallet.unlock(input),
    lock: () => wallet.lock(),
    protect: (input) => wallet.protect(input),
    reveal: (input) => wallet.reveal(input),
    confirmBackup: ({ draftId, answers }) => wallet.confirmBackup({ draftId, answers: [...answers] }),
    prepareSend: (input, signal) => wallet.prepareSend(input, { signal }),
    confirmSend: (input, signal) => wallet.confirmSend(input, { signal }),
    setPayout: (input, signal) => wallet.setPayout(input, { signal }),
  }
}

export const WALLET_COMMANDS: readonly Command[] = [
  defineCommand({
    name: 'wallet show',
    group: 'wallet',
    summary: 'address, balance, protection and payout address of this computer’s wallet',
    options,
    positionals: {},
    examples: ['tailrace wallet show', 'tailrace wallet show --json'],
    run: (args, context) => over(walletShow, args, undefined, context),
  }),
  defineCommand({
    name: 'wallet create',
    group: 'wallet',
    summary: 'make a new wallet with words of its own',
    details:
      'Shows the words once, asks for three of them and for a passphrase. The wallet of before is kept in the data folder.',
    options: {
      ...asking,
      words: {
        schema: z
          .enum(['12', '24'])
          .default('24')
          .transform((text) => (text === '12' ? 12 : 24)),
        value: 'N',
        summary: 'number of words, 12 or 24',
      },
    },
    positionals: {},
    examples: ['tailrace wallet create', 'tailrace wallet create --words 12'],
    reaches: ['wallet.create', 'wallet.use'],
    run: (args, context) => over(walletCreate, args, { words: args.words }, context),
  }),
  defineCommand({
    name: 'wallet restore',
    group: 'wallet',
    summary: 'take the wallet of 12 or 24 words that you wrote down',
    details: 'The words and the passphrase are asked for, or read from stdin, a line each. They are never arguments.',
    options: asking,
    positionals: {},
    examples: ['tailrace wallet restore'],
    reaches: ['wallet.restore', 'wallet.use'],
    run: (args, context) => over(walletRestore, args, undefined, context),
  }),
  defineCommand({
    name: 'wallet protect',
    group: 'wallet',
    summary: 'set or change the passphrase',
    options,
    positionals: {},
    examples: ['tailrace wallet protect'],
    reaches: ['wallet.protect'],
    run: (args, context) => over(walletProtect, args, undefined, context),
  }),
  defineCommand({
    name: 'wallet unlock',
    group: 'wallet',
    summary: 'open the wallet with its passphrase until the application stops',
    options,
    positionals: {},
    examples: ['tailrace wallet unlock', 'pass show tailrace | tailrace wallet unlock'],
    reaches: ['wallet.unlock'],
    run: (args, context) => over(walletUnlock, args, undefined, context),
  }),
  defineCommand({
    name: 'wallet lock',
    group: 'wallet',
    summary: 'lock the wallet; duties go on with the device key',
    options,
    positionals: {},
    examples: ['tailrace wallet lock'],
    reaches: ['wallet.lock'],
    run: (args, context) => over(walletLock, args, undefined, context),
  }),
  defineCommand({
    name: 'wallet backup',
    group: 'wallet',
    summary: 'show the words again, and check that they are written down',
    options,
    positionals: {},
    examples: ['tailrace wallet backup'],
    reaches: ['wallet.reveal', 'wallet.confirmBackup'],
    run: (args, context) => over(walletBackup, args, undefined, context),
  }),
  defineCommand({
    name: 'wallet send',
    group: 'wallet',
    summary: 'send utail to another address, after showing what that does',
    options: { ...asking, memo: { schema: z.string().max(256).default(''), value: 'TEXT', summary: 'public note' } },
    positionals: {
      to: { schema: ADDRESS, summary: 'who gets it' },
      amount: { schema: AMOUNT, summary: 'utail; a million is one TAIL' },
    },
    examples: ['tailrace wallet send tail1… 2500000', 'tailrace wallet send tail1… 2500000 --memo rent --yes'],
    reaches: ['wallet.prepareSend', 'wallet.confirmSend'],
    run: ({ to, amount, memo, ...args }, context) => over(walletSend, args, { to, amount, memo }, context),
  }),
  defineCommand({
    name: 'wallet payout',
    group: 'wallet',
    summary: 'credit earnings to another address; without one, to this wallet again',
    options: asking,
    positionals: { address: { schema: ADDRESS.optional(), summary: 'where credits go' } },
    examples: ['tailrace wallet payout tail1…', 'tailrace wallet payout'],
    reaches: ['wallet.setPayout'],
    run: (args, context) => over(walletPayout, args, { address: args.address ?? '' }, context),
  }),
]
