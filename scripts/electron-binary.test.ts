import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempTree } from '../test/support/temp-tree.ts'
import { chooseShell, findElectron } from './electron-binary.mjs'

const MACHINE = { binary: '/electron', platform: 'linux', isRoot: false, env: { DISPLAY: ':0' } } as const

test('the binary is found by its files alone', () => {
  const without = tempTree({ 'index.js': 'throw new Error("asked")' })
  expect(findElectron(without, {})).toBeUndefined()
  const unfinished = tempTree({ 'path.txt': 'electron' })
  expect(findElectron(unfinished, {})).toBeUndefined()
  const installed = tempTree({ 'path.txt': 'electron\n', 'dist/electron': '' })
  expect(findElectron(installed, {})).toBe(join(installed, 'dist', 'electron'))
  const elsewhere = tempTree({ electron: '' })
  expect(findElectron(without, { ELECTRON_OVERRIDE_DIST_PATH: elsewhere })).toBe(join(elsewhere, 'electron'))
})

test('Electron runs where it is there and can show a window', () => {
  expect(chooseShell(['--home', '/x', '--yes', '--rpc-port=0'], MACHINE)).toEqual({
    shell: 'desktop',
    binary: '/electron',
    args: ['--home', '/x', '--rpc-port=0'],
  })
  expect(chooseShell([], { ...MACHINE, platform: 'darwin', env: {} })).toMatchObject({ shell: 'desktop' })
})

test('else the service shell runs and says why in one line', () => {
  const cases = [{ binary: undefined }, { isRoot: true }, { env: {} }]
  const said = cases.map((change) => chooseShell([], { ...MACHINE, ...change }))
  expect(said.map(({ shell }) => shell)).toEqual(['service', 'service', 'service'])
  expect(said.map((choice) => 'say' in choice && choice.say)).toEqual([
    expect.stringContaining('npx install-electron'),
    expect.stringContaining('root'),
    expect.stringContaining('display'),
  ])
})

test.each([[['--json']], [['--check']], [['--no-open']], [['--reset']], [['--screen-port', '1']]])(
  'what only the service shell knows chooses it without a word: %j',
  (args) => {
    expect(chooseShell(args, MACHINE)).toEqual({ shell: 'service' })
  },
)

test('the environment may choose the service shell', () => {
  expect(chooseShell([], { ...MACHINE, env: { DISPLAY: ':0', TAILRACE_SHELL: 'service' } })).toEqual({
    shell: 'service',
  })
})
