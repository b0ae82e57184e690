import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CliWorld } from '../../test/support/cli/cli-world.ts'
import { createCliWorld } from '../../test/support/cli/cli-world.ts'
import { FakeWallet, NEW_ADDRESS, PASSPHRASE, PHRASE_12, PHRASE_24 } from '../../test/support/screen/fake-wallet.ts'
import { screenContract } from '../ipc/contract.ts'
import type { BackendReportWire } from '../ipc/snapshot.ts'
import { parseCommand } from './arguments.ts'
import { COMMANDS } from './commands.ts'
import { helpFor } from './help.ts'

const ORDER = '0a'.repeat(32)
/** What a tab does, and what every command that shows the present state uses. */
const NOT_FOR_PEOPLE = ['screen.watch', 'compute.lease', 'compute.reply']

let folder: string
let world: CliWorld

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-cli-'))
  world = await createCliWorld()
})

afterEach(async () => {
  await world.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Command lines that together reach everything that their commands declare. */
const LINES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  status: [['status']],
  join: [['join', '--no-wait']],
  finish: [['finish', '--no-wait', '--yes']],
  leave: [['leave', '--no-wait', '--yes']],
  earnings: [['earnings']],
  'earnings ledger': [['earnings', 'ledger']],
  doctor: [['doctor']],
  device: [['device']],
  'device check': [['device', 'check']],
  'settings set': [['settings', 'set', 'duty', '50%']],
  'settings reset': [['settings', 'reset', 'duty']],
  logs: [['logs'], ['logs', '--list'], ['logs', '--report', 'REPORT']],
  chat: [['chat', 'hello']],
  'receipt show': [['receipt', 'show', ORDER]],
  'receipt verify': [['receipt', 'verify', ORDER]],
  'wallet create': [['wallet', 'create', '--yes']],
  'wallet restore': [['wallet', 'restore', '--yes']],
  'wallet unlock': [['wallet', 'unlock']],
  'wallet lock': [['wallet', 'lock']],
  'wallet protect': [['wallet', 'protect']],
  'wallet backup': [['wallet', 'backup']],
  'wallet send': [['wallet', 'send', NEW_ADDRESS, '5', '--yes']],
  'wallet payout': [['wallet', 'payout', NEW_ADDRESS, '--yes']],
}

describe('every thing that the screen does has a verb', () => {
  test('each procedure of the contract is declared by a command, and no other', () => {
    const procedures = Object.entries(screenContract)
      .flatMap(([group, members]) => Object.keys(members).map((name) => `${group}.${name}`))
      .filter((name) => !NOT_FOR_PEOPLE.includes(name))
    const reached = new Set(COMMANDS.flatMap(({ reaches }) => reaches))
    expect([...reached].sort()).toEqual(procedures.sort())
  })

  test.each(COMMANDS.filter(({ reaches }) => reaches.length > 0).map((command) => [command.name, command] as const))(
    'tailrace %s reaches what it declares',
    async (name, { reaches }) => {
      const reached: string[] = []
      prepare(world, name)
      for (const line of LINES[name] ?? []) {
        world.answers.push(...(ANSWERS[name] ?? []))
        const run = await world.run(...line.map((word) => (word === 'REPORT' ? join(folder, 'report.txt') : word)))
        expect([run.code, run.said]).toEqual([EXIT_CODES[name] ?? 0, expect.any(String)])
        world.answers.length = 0
        reached.push(...run.reached)
      }
      expect([...new Set(reached)]).toEqual(expect.arrayContaining([...reaches]))
    },
  )
})

const ASKED = [3, 7, 11].map((position) => PHRASE_24[position - 1] ?? '')
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'wallet create': [...ASKED, PASSPHRASE, PASSPHRASE],
  'wallet restore': [PHRASE_12.join(' '), PASSPHRASE, PASSPHRASE],
  'wallet unlock': [PASSPHRASE],
  'wallet protect': [PASSPHRASE, PASSPHRASE],
  'wallet backup': [3, 7, 11].map((position) => PHRASE_12[position - 1] ?? ''),
}
/** A receipt that is not verified is no success. */
const EXIT_CODES: Readonly<Record<string, number>> = { 'receipt verify': 1 }

const CPU: BackendReportWire = {
  kind: 'cpu',
  adapter: 'CPU',
  isSoftware: false,
  conformant: true,
  conformanceDigest: '00'.repeat(32),
  attemptsPerSecond: 951,
}

/** A backend that answers everything. */
function prepare({ backend }: CliWorld, command: string): void {
  if (command === 'wallet unlock') {
    backend.set({ wallet: { ...backend.snapshot().wallet, state: 'locked', protection: 'passphrase' } })
  }
  const isLocked = command === 'wallet unlock'
  backend.wallet = new FakeWallet({
    state: backend.snapshot().wallet,
    balance: '10000000',
    ...(isLocked ? { passphrase: PASSPHRASE } : {}),
    onState: (wallet) => backend.set({ wallet }),
  })
  Object.assign(backend.machine, {
    recheck: async () => {
      setTimeout(() => backend.set({ device: { backends: [CPU] } }), 0)
      return 'accepted'
    },
  })
  backend.receipt = '{"format":"tailrace-receipt/1"}'
  backend.answer = [
    { type: 'text', text: 'Call me' },
    {
      type: 'done',
      finish: 'stop',
      orderHash: ORDER,
      executor: 'tail1executor',
      promptTokens: 3,
      outputTokens: 2,
      price: '2000',
    },
  ]
}

describe('declarations', () => {
  test('--version asks for the program’s, but for the command that has an option of that name', () => {
    const vote = ['node', 'upgrade', '--home', 'x', '--height', '5', '--version', '2']
    const kinds = [['--version'], ['node', 'status', '--version'], vote].map(
      (line) => parseCommand(line, COMMANDS).kind,
    )
    expect(kinds).toEqual(['version', 'version', 'run'])
  })

  test('each name is there once, and each example is a line of its command', () => {
    expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length)
    for (const command of COMMANDS) {
      expect(command.examples.length, command.name).toBeGreaterThan(0)
      for (const example of command.examples) {
        const parsed = parseCommand(wordsOf(example), COMMANDS)
        expect(parsed.kind, example).toBe('run')
      }
      expect(
        command.examples.some((example) => example.startsWith(`tailrace ${command.name}`)),
        command.name,
      ).toBe(true)
    }
  })

  test('an option means the same kind of thing everywhere', () => {
    const isSwitch = new Map<string, boolean>()
    for (const { name, options } of COMMANDS) {
      for (const [option, { value }] of Object.entries(options)) {
        const before = isSwitch.get(option) ?? value === undefined
        expect(before, `${name} --${option}`).toBe(value === undefined)
        isSwitch.set(option, before)
      }
    }
  })

  test('the help of each command names its options and its examples', () => {
    const all = helpFor(COMMANDS, undefined)
    for (const command of COMMANDS) {
      expect(all).toContain(`  ${command.name} `)
      const text = helpFor(COMMANDS, command.name)
      for (const option of Object.keys(command.options)) {
        expect(text).toContain(`--${option}`)
      }
      expect(text).toContain(command.examples[0])
      expect(text).toContain('Exit codes')
    }
    expect(helpFor(COMMANDS, 'receipt')).toContain('receipt verify')
  })
})

describe('usage', () => {
  test.each([
    [['staus'], 'Did you mean `tailrace status`?'],
    [['lgos'], 'Did you mean `tailrace logs`?'],
    [['nothing-like-it'], 'unknown command “nothing-like-it”.'],
    [['receipt'], 'needs one of: list, show, verify'],
    [['receipt', 'verfy'], 'Did you mean `tailrace receipt verify`?'],
    [['status', '--jsn'], 'Did you mean --json?'],
    [['status', '--rpc', 'http://x'], '`tailrace status` has no option --rpc'],
    [['status', 'more'], 'unexpected argument “more”'],
    [['receipt', 'show'], 'ORDER: is missing'],
    [['receipt', 'show', 'xyz'], 'ORDER: must be the 64 hex digits'],
    [['node'], '--home: is missing'],
    [['node', '--home', 'x', '--rpc-port', '70000'], '--rpc-port: must be a whole number from 0 to 65535'],
    [['logs', '--lines', '0'], '--lines: must be a whole number from 1'],
    [['logs', '--file', '../keys.json'], '--file:'],
    [['start', '--duty', '0'], '--duty: “0” is not allowed, but 1 % to 100 %'],
    [['settings', 'set', 'dutty', '5'], 'Did you mean “duty”?'],
    [['settings', 'set', 'duty', '101'], '1 % to 100 %'],
  ])('%j is refused with what is wrong and exit code 2', async (argv, sentence) => {
    const { code, said, out } = await world.run(...argv)
    expect(said).toContain(sentence)
    expect(said).toContain('See `tailrace help')
    expect([code, out]).toEqual([2, ''])
  })

  test('a failure of a command with --json is one JSON line on stderr', async () => {
    world.isRunning = false
    const { code, said, out } = await world.run('status', '--json')
    expect([code, out]).toEqual([1, ''])
    expect(JSON.parse(said)).toEqual({
      error: {
        code: 'not_running',
        message: 'Tailrace does not run',
        fields: { home: '/nowhere' },
        advice: expect.stringContaining('tailrace start'),
      },
    })
  })

  test('a report never overwrites a file', async () => {
    const file = join(folder, 'report.txt')
    expect((await world.run('logs', '--report', file)).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe('Tailrace report\n')
    const second = await world.run('logs', '--report', file)
    expect([second.code, second.said]).toEqual([1, expect.stringContaining('exists already')])
  })
})

/** Words of an example as a shell would split them, without other programs of its pipe; `tail1…` stands for an address. */
function wordsOf(example: string): string[] {
  const own = example.split(' | ').find((part) => part.startsWith('tailrace ')) ?? ''
  const words = [...own.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
  return words.slice(1).map((word) => (word === 'tail1…' ? NEW_ADDRESS : word))
}
