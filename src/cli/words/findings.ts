/** What `doctor` found, in words for the terminal: what is, and what to do about it. Complete by type over the codes. */
import type { FindingCode } from '../../ipc/finding-codes.ts'
import { FINDING_CODES } from '../../ipc/finding-codes.ts'
import type { Finding } from '../../ipc/wires/machine-wire.ts'
import type { Trouble } from '../../ipc/wires/trouble-wire.ts'
import { TROUBLE_CODES } from '../../ipc/wires/trouble-wire.ts'
import { bytes, duration, percent } from '../layout.ts'
import { troubleSentence } from './troubles.ts'

export interface FindingWords {
  readonly title: string
  readonly text: string
  /** Empty where there is nothing to do. */
  readonly advice: string
}

type Fields = Finding['fields']
type Words = (fields: Fields, isWell: boolean) => readonly [title: string, text: string, advice?: string]

const WORDS: Readonly<Record<FindingCode, Words>> = {
  node_version: (fields) => [
    'Node',
    `version ${say(fields, 'version')}`,
    `Install Node ${say(fields, 'least')} or newer.`,
  ],
  data_folder: (fields) => [
    'Data folder',
    `${say(fields, 'folder')} ${FOLDER_WORDS[say(fields, 'reason')] ?? say(fields, 'reason')}`,
    'Make it a folder of your own, or name another with --home.',
  ],
  data_private: (fields) => [
    'Data folder’s mode',
    `${say(fields, 'mode')}`,
    `Other users of this computer can look into it: chmod 700 ${say(fields, 'folder')}`,
  ],
  disk_space: (fields) => [
    'Disk',
    `${bytes(amount(fields, 'freeBytes'))} free`,
    'Make room: when nothing more can be written, racing and serving pause.',
  ],
  folder_lock: (fields) => [
    'Lock',
    fields.reason === 'held'
      ? `held by process ${say(fields, 'pid')}`
      : fields.reason === 'free'
        ? 'free'
        : 'left behind',
    'The last run ended without a word (a crash, a power cut). The next start takes it over; the logs tell more.',
  ],
  settings: (fields) => [
    'Settings',
    fields.reason === 'absent' ? 'defaults' : `${say(fields, 'variable', 'file')}${detail(fields, 'field')}`,
    `Correct it${fields.allowed === undefined ? '' : `: allowed is ${say(fields, 'allowed')}`}, or move the file away.`,
  ],
  key_files: (fields) => [
    'Keys and wallet',
    fields.reason === 'absent'
      ? 'made at the first start'
      : `${say(fields, 'file')}${isOk(fields) ? '' : ` is ${words(fields, 'reason')}`}`,
    KEY_ADVICE[say(fields, 'reason')]?.(fields) ?? '',
  ],
  ports_free: (fields) => [
    'Ports',
    fields.ports === '' ? 'free' : `${say(fields, 'ports')} taken by another program`,
    'The next start uses others and says which; stop that program to keep them.',
  ],
  memory: (fields) => [
    'Memory',
    `${bytes(amount(fields, 'availableBytes'))} of ${bytes(amount(fields, 'totalBytes'))} free`,
    'Close other programs: a model or a kernel may not fit.',
  ],
  browser: (fields) => [
    'Browser',
    fields.path === '' ? 'no Chromium, Chrome or Edge was found' : say(fields, 'path'),
    fields.reason === 'named_wrong'
      ? 'TAILRACE_BROWSER names a program that cannot be run: correct or unset it.'
      : 'Only a page with WebGPU lends the GPU. Install one, or name it by TAILRACE_BROWSER.',
  ],
  graphics: (fields, isWell) => [
    'Graphics card',
    isWell ? say(fields, 'name') : fields.reason === undefined ? 'the system lists none' : 'not told by this system',
    'Without a GPU the processor races, slowly. Is the driver installed?',
  ],
  model_files: (fields) => [
    'Model files',
    `${say(fields, 'model') || 'kept chunks'}: ${isOk(fields) ? `${say(fields, 'count')} files, every digest right` : `${say(fields, 'file')} is ${say(fields, 'reason')}`}`,
    fields.model === ''
      ? 'Delete that file; it is fetched again.'
      : 'Install Tailrace again: the file is not what it must be, so the model is not served.',
  ],
  clock: (fields) => [
    'Clock',
    fields.reason === undefined
      ? `${Math.abs(amount(fields, 'seconds'))} s ${amount(fields, 'seconds') < 0 ? 'behind' : 'ahead of'} the chain`
      : 'no fresh block to compare with',
    'Turn on network time: other hosts refuse heartbeats of a wrong clock.',
  ],
  running: (fields, isWell) => [
    'Application',
    isWell ? 'running' : `does not run on ${say(fields, 'folder')}`,
    'Start it with `tailrace start`; then doctor looks at the network too.',
  ],
  chain_reachable: (fields) => [
    'Chain',
    `${say(fields, 'url')}: ${say(fields, 'reason')}`,
    'It reconnects by itself. If it stays so: `tailrace logs --file node.log`.',
  ],
  chain_moving: (fields) => [
    'Blocks',
    `block ${say(fields, 'height')}, ${duration(amount(fields, 'seconds'))} ago`,
    'No new block for long. On a local network stop and start again; elsewhere wait.',
  ],
  peers: (fields) => [
    'Other hosts',
    `${say(fields, 'count')} connected`,
    'Without peers no work comes. Check that a firewall does not block Tailrace.',
  ],
  gateway: (fields) => [
    'Gateway',
    fields.state === 'none' ? 'none here' : say(fields, 'state'),
    'It restarts by itself. If it stays so: `tailrace logs --file gateway.log`.',
  ],
  page_open: (_fields, isWell) => [
    'Page',
    isWell ? 'a page lends its GPU' : 'no page lends its GPU',
    'The processor races at a tenth of its time meanwhile. Open the page: `tailrace open`.',
  ],
  device_exact: (fields, isWell) => [
    'Known answers',
    fields.adapter === undefined
      ? 'not checked yet'
      : isWell
        ? 'every one exact'
        : `wrong on ${say(fields, 'backend')} ${say(fields, 'adapter')} (${say(fields, 'stage')})`,
    'Results of that backend would not count. Update its driver; take overclocking back; then `tailrace device check`.',
  ],
  device_fast: (fields, isWell) => [
    'What races',
    fields.backend === undefined
      ? 'not chosen yet'
      : isWell
        ? `GPU ${say(fields, 'adapter')}`
        : `${say(fields, 'backend')} (${words(fields, 'reason')})`,
    'It races, but slowly. Open the page in a browser with hardware acceleration, or update the graphics driver.',
  ],
  joined: (_fields, isWell) => ['Membership', isWell ? 'joined' : 'not joined', 'Join with `tailrace join`.'],
  registered: (fields, isWell) => [
    'Registration',
    isWell
      ? `since block ${say(fields, 'height')}`
      : fields.height === undefined
        ? 'none yet'
        : 'not active on the chain',
    'It registers by itself; if it stays so: `tailrace leave`, then `tailrace join`.',
  ],
  weight: (fields, isWell) => [
    'Weight',
    isWell
      ? `${percent(amount(fields, 'weightPpm'))} of the network`
      : `none (${WEIGHT_WORDS[say(fields, 'reason')] ?? words(fields, 'reason')})`,
    `Weight is set after each race; the next one is in ${say(fields, 'nextRaceBlocks')} blocks. Keep the page open for all of it.`,
  ],
  faults: (fields, isWell) => [
    'Faults',
    isWell ? 'none' : `${say(fields, 'faults')}, the last one: ${words(fields, 'code')}`,
    'An answer of this host was proven wrong. Check memory and overclocking before it goes on.',
  ],
  wallet_open: (_fields, isWell) => [
    'Wallet',
    isWell ? 'open' : 'locked',
    'Duties go on, but nothing can be sent or renewed. Unlock it: `tailrace wallet unlock`.',
  ],
  wallet_backup: (_fields, isWell) => [
    'Wallet’s words',
    isWell ? 'written down, or a practice wallet' : 'not confirmed',
    'Without them the money is lost with this disk. Write them down: `tailrace wallet backup`.',
  ],
  device_key: (fields) => [
    'Device key',
    fields.blocks === 0
      ? 'no end'
      : `${amount(fields, 'blocks') > 0 ? `good for ${say(fields, 'blocks')} blocks` : 'expired'}`,
    'It is renewed by itself while the wallet is open: `tailrace wallet unlock`.',
  ],
  models_served: (fields, isWell) => [
    'Models',
    fields.model === ''
      ? words(fields, 'reason')
      : `${say(fields, 'model')}: ${isWell ? say(fields, 'state') : words(fields, 'reason')}`,
    'It earns nothing from orders until it is served. `tailrace models verify`, `tailrace logs --level warn`.',
  ],
  trouble: (fields) => {
    const code = TROUBLE_CODES.find((known) => known === fields.trouble)
    const text =
      code === undefined ? words(fields, 'trouble') : troubleSentence({ code, fields } satisfies Partial<Trouble>)
    return ['Trouble', text]
  },
}

export function findingWords({ code, verdict, fields }: Finding): FindingWords {
  const known = FINDING_CODES.find((one) => one === code)
  if (known === undefined) {
    return { title: code.replaceAll('_', ' '), text: verdict, advice: '' }
  }
  const isWell = verdict === 'ok'
  const [title, text, advice = ''] = WORDS[known](fields, isWell)
  return { title, text, advice: isWell || verdict === 'skipped' ? '' : advice }
}

const FOLDER_WORDS: Readonly<Record<string, string>> = {
  ok: 'is there',
  absent: 'is made at the first start',
  not_writable: 'cannot be written',
  not_a_folder: 'is no folder',
}

const KEY_ADVICE: Readonly<Record<string, (fields: Fields) => string>> = {
  open_to_others: (fields) => `Other users can read it: chmod 600 ${say(fields, 'folder')}/${say(fields, 'file')}`,
  damaged: () => 'Restore it from a backup, or the wallet from its words. It is never replaced in silence.',
  unreadable: () => 'Make the file your own again (chown).',
}

const WEIGHT_WORDS: Readonly<Record<string, string>> = {
  no_race_yet: 'no race yet',
  not_joined: 'not joined',
  none: 'no race yet',
  pending: 'its race is being checked',
  too_few_finds: 'too few finds in the last race',
  unverified: 'nobody checked the last race',
  convicted: 'convicted',
}

function isOk(fields: Fields): boolean {
  return fields.reason === 'ok'
}

function say(fields: Fields, ...names: readonly string[]): string {
  const name = names.find((candidate) => fields[candidate] !== undefined)
  return name === undefined ? '' : String(fields[name])
}

function words(fields: Fields, name: string): string {
  return say(fields, name).replaceAll('_', ' ')
}

function detail(fields: Fields, name: string): string {
  return fields[name] === undefined ? '' : `, field ${say(fields, name)}`
}

function amount(fields: Fields, name: string): number {
  const value = fields[name]
  return typeof value === 'number' ? value : 0
}
