/** One case for each procedure of the contract: what a shell must bring from screen to host and back, whatever carries it. */
import { expect } from 'vitest'
import { screenContract } from '../../src/ipc/contract.ts'
import type { ScreenClient } from '../../src/ipc/screen-client.ts'
import { screenErrorOf } from '../../src/ipc/screen-client.ts'
import type { WalletDesk } from '../../src/ipc/screen-router.ts'
import type { PreparedSendWire, SentWire, WalletDraftWire, WalletStateWire } from '../../src/ipc/wires/wallet-wire.ts'
import { WALLET_PATH } from '../../src/ipc/wires/wallet-wire.ts'
import { CodedError } from '../../src/lib/coded-error.ts'
import { idleSnapshot, SELF } from '../support/screen/sample-snapshot.ts'
import type { ScreenHost } from '../support/screen/screen-host.ts'

type Contract = typeof screenContract
/** `group.procedure` of each. */
export type Procedure = {
  [Group in keyof Contract & string]: `${Group}.${keyof Contract[Group] & string}`
}[keyof Contract & string]

export type ContractCase = (client: ScreenClient, host: ScreenHost) => Promise<void>

/** As the contract has them at run time. */
export function proceduresOf(contract: Record<string, Record<string, unknown>>): string[] {
  return Object.entries(contract).flatMap(([group, procedures]) =>
    Object.keys(procedures).map((name) => `${group}.${name}`),
  )
}

const HASH = 'ab'.repeat(32)
const DRAFT_ID = 'cd'.repeat(16)
const CLIENT_ID = 'ef'.repeat(16)
const WORDS = Array.from({ length: 12 }, () => 'abandon')
const DRAFT: WalletDraftWire = { draftId: DRAFT_ID, words: WORDS, address: SELF, path: WALLET_PATH, ask: [1, 7] }
const SENT: SentWire = { txHash: 'A1'.repeat(32), height: 12, code: 0, log: '' }
const PREPARED: PreparedSendWire = {
  sendId: DRAFT_ID,
  from: SELF,
  to: SELF,
  amount: '170141183460469231731687303715884105727',
  fee: '0',
  balanceAfter: '1',
  remarks: ['to_self'],
}

/** Answers what it was asked, so that a case sees that nothing was lost on the way. */
function walletOf(asked: unknown[]): WalletDesk {
  const state: WalletStateWire = idleSnapshot().wallet
  const answer =
    <Value>(name: string, value: Value) =>
    async (input?: unknown): Promise<Value> => {
      asked.push([name, input])
      return value
    }
  return {
    create: answer('create', DRAFT),
    restore: answer('restore', {
      draftId: DRAFT_ID,
      address: SELF,
      path: WALLET_PATH,
      balance: '5',
      isRegistered: true,
    }),
    use: answer('use', state),
    unlock: answer('unlock', state),
    lock: answer('lock', { ...state, state: 'locked' as const }),
    protect: answer('protect', state),
    reveal: answer('reveal', DRAFT),
    confirmBackup: answer('confirmBackup', { ...state, isBackedUp: true }),
    prepareSend: answer('prepareSend', PREPARED),
    confirmSend: answer('confirmSend', SENT),
    setPayout: answer('setPayout', SENT),
  }
}

/** A call whose input must arrive as it was sent, and whose answer must come back as it was given. */
function walletCase<Input>(
  name: keyof WalletDesk,
  call: (client: ScreenClient) => Promise<unknown>,
  input: Input,
  answer: unknown,
): ContractCase {
  return async (client, { backend }) => {
    const asked: unknown[] = []
    backend.wallet = walletOf(asked)
    expect(await call(client)).toEqual(answer)
    expect(asked).toEqual([[name, input]])
  }
}

function commandCase(call: (client: ScreenClient) => Promise<unknown>, command: string): ContractCase {
  return async (client, { backend }) => {
    expect(await call(client)).toEqual({ outcome: 'accepted' })
    backend.nextError = new CodedError('busy', 'not now', { fields: { tries: 3 } })
    const error = await call(client).then(() => undefined, screenErrorOf)
    expect(error?.toJSON()).toEqual({ code: 'busy', message: 'not now', fields: { tries: 3 } })
    expect(backend.commands).toEqual([command, command])
  }
}

const wallet = idleSnapshot().wallet

export const CONTRACT_CASES: Readonly<Record<Procedure, ContractCase>> = {
  async 'screen.watch'(client, { backend }) {
    const stop = new AbortController()
    const snapshots = await client.screen.watch(undefined, { signal: stop.signal })
    expect((await snapshots.next()).value).toEqual(idleSnapshot())
    backend.set({ phase: 'racing' })
    expect((await snapshots.next()).value).toMatchObject({ phase: 'racing' })
    await snapshots.return?.()
  },
  'host.join': commandCase((client) => client.host.join(), 'join'),
  'host.leave': commandCase((client) => client.host.leave(), 'leave'),
  'host.finish': commandCase((client) => client.host.finish(), 'finish'),
  async 'ledger.list'(client, { backend }) {
    const answer = await client.ledger.list({ fromSequence: '18446744073709551615', limit: 7 })
    expect(answer).toEqual({ entries: [], totals: backend.page.totals })
    expect(backend.commands).toEqual(['ledger 18446744073709551615 7'])
  },
  async 'receipts.file'(client, { backend }) {
    expect(await client.receipts.file({ orderHash: HASH })).toEqual({ name: 'tailrace-receipt-abababababababab.json' })
    // As large as one may be, with characters that JSON makes longer.
    backend.receipt = '"\u2028\ud83d\ude00'.repeat(200_000)
    expect((await client.receipts.file({ orderHash: HASH })).text).toBe(backend.receipt)
  },
  async 'receipts.verify'(client, { backend }) {
    backend.verdict = { state: 'pending', checks: [{ name: 'leaf', result: 'ok' }], batch: '7', txHash: 'AA' }
    expect(await client.receipts.verify({ orderHash: HASH })).toEqual(backend.verdict)
  },
  async 'playground.chat'(client, { backend }) {
    backend.answer = [
      { type: 'text', text: 'Call me ' },
      { type: 'failed', code: 'executor_lost', message: 'gone', fields: {} },
    ]
    const input = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }], temperature: 0, maxTokens: 8 }
    const events: unknown[] = []
    for await (const event of await client.playground.chat(input)) {
      events.push(event)
    }
    expect(events).toEqual(backend.answer)
  },
  'wallet.create': walletCase('create', (client) => client.wallet.create({ words: 12 }), { words: 12 }, DRAFT),
  'wallet.restore': walletCase(
    'restore',
    (client) => client.wallet.restore({ words: WORDS }),
    { words: WORDS },
    { draftId: DRAFT_ID, address: SELF, path: WALLET_PATH, balance: '5', isRegistered: true },
  ),
  'wallet.use': walletCase(
    'use',
    (client) => client.wallet.use({ draftId: DRAFT_ID, answers: ['abandon'] }),
    { draftId: DRAFT_ID, answers: ['abandon'] },
    wallet,
  ),
  'wallet.unlock': walletCase(
    'unlock',
    (client) => client.wallet.unlock({ passphrase: 'ü' }),
    { passphrase: 'ü' },
    wallet,
  ),
  'wallet.lock': walletCase('lock', (client) => client.wallet.lock(), undefined, { ...wallet, state: 'locked' }),
  'wallet.protect': walletCase('protect', (client) => client.wallet.protect({ next: 'n' }), { next: 'n' }, wallet),
  'wallet.reveal': walletCase('reveal', (client) => client.wallet.reveal({}), {}, DRAFT),
  'wallet.confirmBackup': walletCase(
    'confirmBackup',
    (client) => client.wallet.confirmBackup({ draftId: DRAFT_ID, answers: ['abandon'] }),
    { draftId: DRAFT_ID, answers: ['abandon'] },
    { ...wallet, isBackedUp: true },
  ),
  'wallet.prepareSend': walletCase(
    'prepareSend',
    (client) => client.wallet.prepareSend({ to: SELF, amount: PREPARED.amount }),
    { to: SELF, amount: PREPARED.amount, memo: '' },
    PREPARED,
  ),
  'wallet.confirmSend': walletCase(
    'confirmSend',
    (client) => client.wallet.confirmSend({ sendId: DRAFT_ID }),
    { sendId: DRAFT_ID },
    SENT,
  ),
  'wallet.setPayout': walletCase(
    'setPayout',
    (client) => client.wallet.setPayout({ address: '' }),
    { address: '' },
    SENT,
  ),
  async 'settings.change'(client, { backend }) {
    const changed = await client.settings.change({ closeToTray: false })
    expect(changed.values.closeToTray).toBe(false)
    expect(backend.commands).toEqual(['settings closeToTray'])
  },
  async 'earnings.history'(client, { backend }) {
    expect(await client.earnings.history({ limit: 3 })).toEqual(backend.earningsPage)
    expect(backend.commands).toEqual(['earnings newest 3'])
  },
  async 'machine.readings'(client, { backend }) {
    expect(await client.machine.readings()).toEqual(backend.readings)
  },
  'machine.recheck': commandCase((client) => client.machine.recheck(), 'recheck'),
  async 'machine.doctor'(client, { backend }) {
    const findings = await backend.machine.doctor(new AbortController().signal)
    expect(findings.length).toBeGreaterThan(0)
    expect(await client.machine.doctor()).toEqual({ findings })
  },
  async 'logs.tail'(client, { backend }) {
    const input = { file: 'app.log', lines: 10, level: 'info' as const, contains: '' }
    expect(await client.logs.tail(input)).toEqual(await backend.logs.tail(input))
  },
  async 'logs.report'(client, { backend }) {
    expect(await client.logs.report()).toEqual(await backend.logs.report(new AbortController().signal))
  },
  async 'logs.info'(client, { backend }) {
    expect(await client.logs.info()).toEqual(await backend.logs.info())
  },
  async 'compute.lease'(client, { relay }) {
    const stop = new AbortController()
    const events = await client.compute.lease({ clientId: CLIENT_ID, force: false }, { signal: stop.signal })
    expect((await events.next()).value).toMatchObject({ type: 'granted' })
    expect(relay.state()).toMatchObject({ state: 'held', clientId: CLIENT_ID })
    await events.return?.()
  },
  async 'compute.reply'(client) {
    const reply = { type: 'working' as const }
    expect(await client.compute.reply({ leaseId: CLIENT_ID, requestId: 1, reply })).toEqual({ outcome: 'stale_lease' })
  },
}

/** For the test that no procedure is without a case. */
export const CONTRACT_PROCEDURES: readonly string[] = proceduresOf(screenContract)
