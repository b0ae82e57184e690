import { randomBytes } from 'node:crypto'
import { base58, base64, base64urlnopad } from '@scure/base'
import { entropyToMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reportFactsOf } from '../../../test/support/logs/report-facts.ts'
import { MAX_MESSAGE_BYTES } from '../../ipc/wire.ts'
import { MAX_REPORT_CHARACTERS } from '../../ipc/wires/machine-wire.ts'
import { toHex } from '../../lib/bytes.ts'
import { encodeAddress } from '../../protocol/address.ts'
import { createApiKey } from '../../protocol/work/session.ts'
import type { Redactor } from './redact.ts'
import { createRedactor } from './redact.ts'
import { composeReport } from './report.ts'

const USER = 'jolanda'
const MACHINE = 'workshop-7'
const HOME = ['', 'home', USER].join('/')

const redactor = (): Redactor =>
  createRedactor({
    people: [
      { name: USER, label: '<user>' },
      { name: MACHINE, label: '<machine>' },
      { name: 'jo', label: '<user>' },
    ],
    folders: [
      { path: `${HOME}/.local/share/tailrace`, label: '<data>' },
      { path: `${HOME}/.local/share/tailrace/logs`, label: '<logs>' },
      { path: HOME, label: '<home>' },
    ],
  })

interface Secret {
  /** As it stands in a text. */
  readonly text: string
  /** None of these may be in the report. */
  readonly parts: readonly string[]
}

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.noShrink(fc.constant(null)).map(() => new Uint8Array(randomBytes(length)))
const whole = (text: string): Secret => ({ text, parts: [text] })
const personName = fc.stringMatching(/^[A-Z][a-z]{5,9}q$/)
const separator = fc.constantFrom(' ', '  ', ', ', '","', '\n', ' - ', '-', '/')

/** A phrase as people write it; its longest run of words must not be there, nor any two words side by side. */
const phrase = fc
  .tuple(fc.constantFrom(16, 32), separator, fc.boolean(), fc.boolean())
  .chain(([length, between, isNumbered, isUpper]) =>
    bytes(length).map((entropy): Secret => {
      const words = entropyToMnemonic(entropy, wordlist).split(' ')
      const shown = words.map((word, index) => (isNumbered ? `${index + 1}. ${word}` : word)).join(between)
      const pairs = words.slice(1).map((word, index) => `${words[index]}${isNumbered ? '' : between}${word}`)
      const text = isUpper ? shown.toUpperCase() : shown
      return { text, parts: [text, ...pairs, words.slice(0, 3).join(' ')] }
    }),
  )

const misspeltPhrase = bytes(16).map((entropy): Secret => {
  const words = entropyToMnemonic(entropy, wordlist).split(' ')
  words[4] = 'xqzzy'
  return { text: words.join(' '), parts: [words.slice(0, 2).join(' '), words.slice(5, 7).join(' '), 'xqzzy'] }
})

const SECRETS: Readonly<Record<string, fc.Arbitrary<Secret>>> = {
  phrase,
  misspeltPhrase,
  hexKey: bytes(32).map((key) => whole(toHex(key))),
  upperHexKey: bytes(32).map((key) => whole(toHex(key).toUpperCase())),
  prefixedHexKey: bytes(32).map((key) => ({ text: `0x${toHex(key)}`, parts: [toHex(key)] })),
  shortHex: bytes(16).map((token) => whole(toHex(token))),
  apiKey: bytes(32).map((entropy) => ({ text: createApiKey(entropy), parts: [createApiKey(entropy).slice(3, 20)] })),
  base58Key: bytes(32).map((key) => whole(base58.encode(key))),
  base64Key: bytes(32).map((key) => ({ text: base64.encode(key), parts: [base64.encode(key).slice(2, 18)] })),
  base64urlToken: bytes(24).map((key) => whole(base64urlnopad.encode(key))),
  address: bytes(20).map((key) => whole(encodeAddress(key))),
  link: bytes(32).map((token) => ({
    text: `http://127.0.0.1:4750/#token=${toHex(token)}&wallet`,
    parts: [toHex(token), '#token'],
  })),
  farLink: fc.tuple(fc.domain(), personName).map(([domain, name]) => ({
    text: `https://${name}:hunter2@${domain}/a?b=${name}`,
    parts: [domain, name],
  })),
  ipv4: fc
    .ipV4()
    .filter((ip) => !ip.startsWith('127.') && ip.length > 8)
    .map(whole),
  ipv6: fc
    .ipV6()
    .filter((ip) => ip.length > 9 && !ip.includes('.'))
    .map(whole),
  peerAddress: fc.ipV4().map((ip) => ({ text: `/ip4/${ip}/tcp/4001`, parts: [`/ip4/${ip}`] })),
  mail: fc.stringMatching(/^[a-z][a-z0-9.+_-]{1,20}@[a-z]{2,9}\.(com|org)$/).map(whole),
  unixPath: fc
    .tuple(fc.constantFrom('/home', '/Users', '/srv/people'), personName, personName)
    .map(([root, name, other]): Secret => ({ text: `${root}/${name} ${other}/photos/x.png`, parts: [name, other] })),
  gluedPath: personName.map((name) => ({ text: `-I/home/${name}/include`, parts: [name] })),
  windowsPath: personName.map((name) => ({
    text: `C:\\Users\\${name} Odeqv\\AppData\\a.json`,
    parts: [name, 'Odeqv'],
  })),
  escapedPath: personName.map((name) => ({ text: `"C:\\\\Users\\\\${name}\\\\AppData"`, parts: [name] })),
  sharePath: personName.map((name) => ({ text: `\\\\server\\${name}\\x`, parts: [name] })),
  ownPath: personName.map((name) => ({ text: `${HOME}/${name}/x`, parts: [name, USER] })),
  userName: fc.constantFrom(USER, 'Jolanda', 'JOLANDA', `x${USER}x`).map(whole),
  machineName: fc.constant(MACHINE).map(whole),
  assigned: fc
    .tuple(fc.constantFrom('passphrase=', 'password: ', 'mnemonic = ', 'apiKey":"', 'secret='), personName, personName)
    .map(([name, first, second]) => ({ text: `${name}${first} ${second}`, parts: [first, second] })),
  bearer: personName.map((name) => ({ text: `Bearer ${name}`, parts: [name] })),
}

/** Around a secret stands what log lines have. */
const around = fc.constantFrom('', ' ', '"', "'", '(', 'failed: ', 'error=', 'of ', 'see "')
const after = fc.constantFrom('', ' ', '"', "'", ')', ' failed', ', then', '" was refused')

describe('a report', () => {
  for (const [kind, secret] of Object.entries(SECRETS)) {
    it(`holds no secret of the kind ${kind}, wherever one stands`, () => {
      fc.assert(
        fc.property(secret, around, after, ({ text, parts }, before, behind) => {
          const report = composeReport(
            reportFactsOf(() => `${before}${text}${behind}`),
            redactor(),
          ).toLowerCase()
          return parts.every((part) => !report.includes(part.toLowerCase()))
        }),
        { numRuns: 60 },
      )
    })
  }

  it('leaves out what a field is named after, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('passphrase', 'token', 'words', 'mnemonic', 'privateKey', 'apiKey', 'answers', 'seed'),
        personName,
        (name, value) =>
          !redactor()
            .fields({ [name]: value })
            .includes(value),
      ),
    )
  })

  it('has a bound, which a message of the screen holds', () => {
    const facts = reportFactsOf(() => 'plain')
    const line = {
      at: '2026-01-02T03:04:05.678Z',
      level: 'info' as const,
      scope: 'app',
      message: 'ä"\\ '.repeat(300),
      fields: {},
    }
    const log = { name: 'app.log', sizeBytes: 9, isCut: true, lines: Array.from({ length: 2_000 }, () => line) }
    const logs = Array.from({ length: 12 }, () => log)
    const text = composeReport({ ...facts, logs }, redactor())
    expect(text.length).toBeLessThanOrEqual(MAX_REPORT_CHARACTERS)
    expect(Buffer.byteLength(JSON.stringify(text))).toBeLessThan(MAX_MESSAGE_BYTES)
    expect(text.match(/## Log app\.log/g)).toHaveLength(12)
  })

  it('still tells what helps', () => {
    const data = `${HOME}/.local/share/tailrace`
    const account = encodeAddress(new Uint8Array(20).fill(1))
    const { text, fields } = redactor()
    expect(text(`damaged_file: ${data}/hosts/app/keys.json cannot be read`)).toBe(
      'damaged_file: <data>/hosts/app/keys.json cannot be read',
    )
    expect(text(`${account} pays ${account}`)).toBe('host-1 pays host-1')
    expect(text(encodeAddress(new Uint8Array(20).fill(2)))).toBe('host-2')
    expect(text('no answer from http://127.0.0.1:26657/status in 5000 ms')).toBe(
      'no answer from <link:loopback:26657> in 5000 ms',
    )
    expect(text('block 12345 at 12:30:45, 1763780000000 ms, 34359738368 bytes, 0.9 %')).toBe(
      'block 12345 at 12:30:45, 1763780000000 ms, 34359738368 bytes, 0.9 %',
    )
    expect(text('NVIDIA GeForce RTX 4070 (driver 560.35), whale-0.9m, not_conformant: stage 3')).toBe(
      'NVIDIA GeForce RTX 4070 (driver 560.35), whale-0.9m, not_conformant: stage 3',
    )
    expect(text('the chain node stopped and was started again by the supervisor of the network')).toBe(
      'the chain node stopped and was started again by the supervisor of the network',
    )
    expect(fields({ height: 12, code: 'device_key_expiring', ok: true })).toBe(
      'height=12 code=device_key_expiring ok=true',
    )
  })

  it('keeps each part under its head', () => {
    const report = composeReport(
      reportFactsOf(() => 'plain'),
      redactor(),
    )
    expect(report.match(/^## .*$/gm)).toEqual([
      '## Versions',
      '## Host',
      '## Settings',
      '## Troubles',
      '## Doctor',
      '## Machine',
      '## Notices, newest first',
      '## Log plain (120 bytes)',
    ])
    expect(report).toContain('wallet state=open protection=none')
    expect(report).toContain('2026-01-02T03:04:05.678Z info app: plain')
  })
})
