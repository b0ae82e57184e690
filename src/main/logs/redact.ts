/**
 * Leaves out of a text what could name a person, a machine or an account, and everything that could be a secret. Invariant: what looks
 * like a secret goes, even where it may be none (a long name, a digest): a report that says less is better than one that says too much.
 * Names of accounts, peers and digests become short labels, the same for the same value, so that lines can still be told apart. What no
 * rule can see is a passphrase in the middle of prose: no caller ever logs one. Read next: seed-phrases.ts, redact-names.ts, report.ts.
 */
import { wordlist } from '@scure/bip39/wordlists/english.js'
import type { Folder, Person } from './redact-names.ts'
import { createFolderLabels, createNameLabels } from './redact-names.ts'
import { leaveOutPhrases } from './seed-phrases.ts'

export interface RedactorOptions {
  readonly people: readonly Person[]
  /** Folders that stay told apart: paths under them keep their plain names. */
  readonly folders: readonly Folder[]
}

export interface Redactor {
  text(value: string): string
  /** `name=value` of each, a space between. */
  fields(fields: Readonly<Record<string, string | number | boolean>>): string
}

const LEFT_OUT = '<left-out>'
const WORDS: ReadonlySet<string> = new Set(wordlist)
const SECRET_NAME =
  /pass|secret|token|mnemonic|word|seed|priv|key|cookie|auth|credential|session|sign|pin$|answers?$|phrase/i
const FIELD_NAME = /^(?:[A-Za-z_][\w.-]{0,63}|<[a-z-]+>)$/

/** Of a text that assigns a secret: from there to its end, since a passphrase may have spaces. */
const ASSIGNED =
  /((?:pass(?:phrase|word|wd)?|secret|token|mnemonic|seed|phrase|(?:api|private|secret)[ _-]?key|authorization|cookie)["']?\s*[=:]\s*)(?!<left-out>$)\S.*$/i
const BEARER = /\b(bearer)\s+(?!<)\S+/gi
const LINK = /\b[a-z][a-z0-9+.-]{1,20}:\/\/\S*/gi
const LOOPBACK_LINK = /^[a-z]+:\/\/(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::(\d{1,5}))?(?![\w.:@-])/i
const EMAIL = /[^\s@<>"'=:,;()]+@[^\s@<>"'=:,;()]+/g
const PEER_ADDRESS = /\/(?:ip4|ip6|dns|dns4|dns6|dnsaddr|unix|memory)\/\S*/gi
const PEER = /\b(?:12D3Koo|Qm|16Uiu2)[1-9A-HJ-NP-Za-km-z]{30,}/g
const ACCOUNT = /\btail[a-z]{0,12}1[0-9a-z]{20,90}/gi
const API_KEY = /\btr-[A-Za-z0-9_-]*/g
/** Hardware addresses and identifiers in groups. */
const GROUPED_HEX = /\b(?:[0-9a-f]{2,8}[:-]){4,}[0-9a-f]{2,12}\b/gi
const HEX = /(?<![A-Za-z0-9+/_-])(?:0x)?[0-9a-f]{16,}(?![A-Za-z0-9+/_-])/gi
const BLOB = /[A-Za-z0-9+/_-]{16,}={0,2}/g
/** Amounts and times have fewer digits than a key. */
const PLAIN_NUMBER = /^\d{1,31}$/
/** `createModelText`, `device_key_expiring`, `companion-1`, `TAILRACE_HOME`: words, where a secret is a jumble. */
const PLAIN_NAME =
  /^(?:[A-Z]?[a-z]{1,20}(?:[_-][A-Z]?[a-z]{1,20}|[A-Z][a-z]{1,20}|[_-]\d{1,4})*|[A-Z]{1,16}(?:_[A-Z]{1,16})*)$/
const IPV4 = /(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.]*\d)/g
const IPV6 = /(?<![\w:.])[0-9a-f:]{2,39}(?:%\w+)?(?![\w:])/gi
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060\ufeff]+/g

export function createRedactor(options: RedactorOptions): Redactor {
  const labels = createLabels()
  const folders = createFolderLabels(options.folders)
  const names = createNameLabels(options.people)

  function text(value: string): string {
    // Phrases first: no other rule may take a word out of one, since what is left would no longer look like one.
    const withoutSecrets = leaveOutPhrases(folders.mark(value.replace(CONTROL, ' ')), WORDS)
      .replace(ASSIGNED, `$1${LEFT_OUT}`)
      .replace(BEARER, `$1 ${LEFT_OUT}`)
      .replace(LINK, linkLabel)
      .replace(EMAIL, '<email>')
      .replace(PEER_ADDRESS, '<peer-address>')
      .replace(API_KEY, '<secret>')
      .replace(PEER, (id) => labels.of('peer', id))
      .replace(ACCOUNT, (address) => labels.of('host', address.toLowerCase()))
      .replace(GROUPED_HEX, '<secret>')
      .replace(HEX, (hex) => (PLAIN_NUMBER.test(hex) ? hex : labels.of('hex', hex.toLowerCase())))
    const withoutPlaces = withoutSecrets
      .replace(IPV4, (ip) => (ip.startsWith('127.') ? '<loopback>' : labels.of('ip', ip)))
      .replace(IPV6, (ip) => ipv6Label(ip, labels))
    return names.leaveOut(folders.leaveOutPaths(withoutPlaces).replace(BLOB, blobLabel))
  }

  function fields(values: Readonly<Record<string, string | number | boolean>>): string {
    return Object.entries(values)
      .map(([name, value]) => {
        const shown = typeof value === 'string' ? text(value) : String(value)
        const plainName = text(name)
        return `${FIELD_NAME.test(plainName) ? plainName : 'field'}=${SECRET_NAME.test(name) ? LEFT_OUT : shown}`
      })
      .join(' ')
  }
  return { text, fields }
}

/** The port of a link to this computer is told; nothing of any other. */
function linkLabel(link: string): string {
  const loopback = LOOPBACK_LINK.exec(link)
  if (loopback === null) {
    return '<link>'
  }
  return loopback[1] === undefined ? '<link:loopback>' : `<link:loopback:${loopback[1]}>`
}

function blobLabel(blob: string): string {
  return PLAIN_NAME.test(blob) || PLAIN_NUMBER.test(blob) ? blob : '<secret>'
}

/** Times of the day and scopes have colons too: an address has seven of them or two side by side. */
function ipv6Label(text: string, labels: Labels): string {
  const colons = text.split(':').length - 1
  if (text === '::1') {
    return '<loopback>'
  }
  const isAddress = (text.includes('::') && /[0-9a-f]/i.test(text)) || colons === 7
  return isAddress ? labels.of('ip', text.toLowerCase()) : text
}

interface Labels {
  of(kind: 'host' | 'peer' | 'ip' | 'hex', value: string): string
}

/** `host-1` for the first account that is seen, and so on. */
function createLabels(): Labels {
  const known = new Map<string, string>()
  const counts = new Map<string, number>()
  return {
    of(kind, value) {
      const name = `${kind} ${value}`
      const label = known.get(name)
      if (label !== undefined) {
        return label
      }
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      known.set(name, `${kind}-${count}`)
      return `${kind}-${count}`
    },
  }
}
