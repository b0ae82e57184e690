/**
 * What the doctor found, in words for the screen: a label, what is, and what to do about it. Complete by type over the codes. Read next:
 * troubles.ts (what stands in the way right now), src/ipc/finding-codes.ts (the fields of each code).
 */
import type { FindingCode } from '../../../ipc/finding-codes.ts'
import { FINDING_CODES } from '../../../ipc/finding-codes.ts'
import type { Finding } from '../../../ipc/wires/machine-wire.ts'
import { TROUBLE_CODES } from '../../../ipc/wires/trouble-wire.ts'
import { formatBytes, formatShare } from '../../format/amounts.ts'
import { formatSpan } from '../../format/time.ts'
import { firstStage } from './devices.ts'
import type { SentenceFields } from './sentence.ts'
import { codeWords, plural, say } from './sentence.ts'
import { troubleSentence } from './troubles.ts'

export interface FindingSentence {
  readonly title: string
  readonly text: string
  /** What a person does about it; empty where there is nothing to do. */
  readonly advice: string
}

interface Words {
  readonly title: string
  /** Where all is well. */
  readonly well: (fields: SentenceFields) => string
  readonly bad: (fields: SentenceFields) => string
  readonly advice: (fields: SentenceFields) => string
}

const FINDING_WORDS: Readonly<Record<FindingCode, Words>> = {
  node_version: {
    title: 'Program',
    well: (fields) => `Runs on Node ${say(fields, 'version')}.`,
    bad: (fields) => `Node ${say(fields, 'version')} is too old.`,
    advice: (fields) => `Install Node ${say(fields, 'least')} or newer.`,
  },
  data_folder: {
    title: 'Data folder',
    well: () => 'Everything can be written.',
    bad: (fields) =>
      fields.reason === 'not_a_folder'
        ? `${say(fields, 'folder')} is no folder.`
        : `${say(fields, 'folder')} cannot be written.`,
    advice: () => 'Make the folder your own, or start with another one.',
  },
  data_private: {
    title: 'Privacy of the data folder',
    well: () => 'Only you can look into it.',
    bad: () => 'Other users of this computer can look into it.',
    advice: (fields) => `Take their rights away (chmod 700 ${say(fields, 'folder')}).`,
  },
  disk_space: {
    title: 'Disk',
    well: (fields) => `${size(fields, 'freeBytes')} free.`,
    bad: (fields) => `Only ${size(fields, 'freeBytes')} free.`,
    advice: () => 'Make room: when nothing more can be written, racing and serving pause.',
  },
  folder_lock: {
    title: 'Last run',
    well: () => 'One Tailrace uses this folder.',
    bad: () => 'The run before ended without a word: a crash or a power cut.',
    advice: () => 'Nothing to do; nothing was lost. If it happens again, the logs tell more.',
  },
  settings: {
    title: 'Settings',
    well: () => 'Every value is allowed.',
    bad: (fields) =>
      fields.variable === undefined
        ? `“${say(fields, 'field')}” in ${say(fields, 'file')} is not what it may be.`
        : `The variable ${say(fields, 'variable')} is not what it may be.`,
    advice: (fields) => `Allowed is ${say(fields, 'allowed')}. Correct it and start again.`,
  },
  key_files: {
    title: 'Keys and wallet',
    well: () => 'Readable by you alone.',
    bad: (fields) =>
      `${say(fields, 'file')} is ${KEY_FAULTS[say(fields, 'reason')] ?? codeWords(say(fields, 'reason'))}.`,
    advice: (fields) =>
      fields.reason === 'open_to_others'
        ? `Take the others’ rights away (chmod 600 ${say(fields, 'folder')}/${say(fields, 'file')}).`
        : 'Restore the file from a backup, or the wallet from its words.',
  },
  ports_free: {
    title: 'Ports',
    well: () => 'Free.',
    bad: (fields) => `Another program has ${say(fields, 'ports')}.`,
    advice: () => 'The next start uses others and says which.',
  },
  memory: {
    title: 'Memory',
    well: (fields) => `${size(fields, 'availableBytes')} of ${size(fields, 'totalBytes')} free.`,
    bad: (fields) => `Only ${size(fields, 'availableBytes')} of ${size(fields, 'totalBytes')} free.`,
    advice: () => 'Close other programs: a model or a kernel may not fit.',
  },
  browser: {
    title: 'Browser',
    well: () => 'One with WebGPU is here.',
    bad: () => 'No Chromium, Chrome or Edge was found.',
    advice: () => 'Install one of them: only such a page lends the GPU.',
  },
  graphics: {
    title: 'Graphics card',
    well: (fields) => `${say(fields, 'name')}.`,
    bad: () => 'The system lists none.',
    advice: () => 'Without a GPU the processor races, slowly. Is the driver installed?',
  },
  model_files: {
    title: 'Model files',
    well: (fields) => `${say(fields, 'model')}: every digest is right.`,
    bad: (fields) => `${say(fields, 'file')} ${fields.reason === 'absent' ? 'is missing' : 'is damaged'}.`,
    advice: (fields) =>
      fields.model === '' ? 'Delete the file; it is fetched again.' : 'Install Tailrace again to get the file whole.',
  },
  clock: {
    title: 'Clock',
    well: () => 'As the chain’s.',
    bad: (fields) => `Differs from the chain’s by ${formatSpan(1_000 * Math.abs(Number(fields.seconds ?? 0)))}.`,
    advice: () => 'Turn on network time: other hosts refuse heartbeats of a wrong clock.',
  },
  running: {
    title: 'Application',
    well: () => 'Running.',
    bad: () => 'Not running.',
    advice: () => 'Start it.',
  },
  chain_reachable: {
    title: 'Chain',
    well: () => 'It answers.',
    bad: () => 'It does not answer.',
    advice: () => 'It reconnects by itself. If this lasts for minutes, the logs say why.',
  },
  chain_moving: {
    title: 'Blocks',
    well: (fields) => `At block ${say(fields, 'height')}.`,
    bad: (fields) => `No new block for ${formatSpan(1_000 * Number(fields.seconds ?? 0))}.`,
    advice: () => 'On a local network, stop and start again; elsewhere, wait.',
  },
  peers: {
    title: 'Other hosts',
    well: (fields) => `${plural(fields, 'count', 'host')} connected.`,
    bad: () => 'None is connected, so no work comes.',
    advice: () => 'Check that a firewall does not block Tailrace.',
  },
  gateway: {
    title: 'Gateway',
    well: () => 'It answers.',
    bad: () => 'It does not answer.',
    advice: () => 'It restarts by itself. If this lasts for minutes, the logs say why.',
  },
  page_open: {
    title: 'This page',
    well: () => 'A page lends its GPU.',
    bad: () => 'No page lends its GPU.',
    advice: () => 'Keep one page of Tailrace open. The processor races at a tenth of its time meanwhile.',
  },
  device_exact: {
    title: 'Known answers',
    well: () => 'Every backend computes them exactly.',
    bad: (fields) =>
      `Results of ${say(fields, 'adapter')} differ from the network’s${firstStage(String(fields.stage ?? ''))}, so they would not count.`,
    advice: () => 'Update the graphics driver and take overclocking back, then check the device again.',
  },
  device_fast: {
    title: 'What races',
    well: (fields) => `${say(fields, 'adapter')}.`,
    bad: () => 'No real GPU races here; what does is slow.',
    advice: () => 'Turn on hardware acceleration in the browser, or update the graphics driver.',
  },
  joined: {
    title: 'Membership',
    well: () => 'Joined.',
    bad: () => 'Not joined.',
    advice: () => 'Press Join to earn from the next race on.',
  },
  registered: {
    title: 'Registration',
    well: (fields) => `Since block ${say(fields, 'height')}.`,
    bad: () => 'The chain does not count this host as active.',
    advice: () => 'It registers by itself. If it stays so, leave and join again.',
  },
  weight: {
    title: 'Weight',
    well: (fields) => `${formatShare(Number(fields.weightPpm ?? 0))} of the network.`,
    bad: (fields) => `None: ${WEIGHT_REASONS[say(fields, 'reason')] ?? codeWords(say(fields, 'reason'))}.`,
    advice: (fields) =>
      `The next race is in ${plural(fields, 'nextRaceBlocks', 'block')}. Keep the page open for all of it.`,
  },
  faults: {
    title: 'Faults',
    well: () => 'None.',
    bad: (fields) => `${plural(fields, 'faults', 'fault')}, the last one: ${codeWords(say(fields, 'code'))}.`,
    advice: () => 'An answer of this host was proven wrong. Check memory and overclocking before it goes on.',
  },
  wallet_open: {
    title: 'Wallet',
    well: () => 'Open.',
    bad: () => 'Locked: duties go on, but nothing can be sent or renewed.',
    advice: () => 'Unlock it on the page Wallet.',
  },
  wallet_backup: {
    title: 'Words of the wallet',
    well: () => 'Written down, or a practice wallet.',
    bad: () => 'Nobody confirmed that they are written down.',
    advice: () => 'Write them down on the page Wallet: without them the money is lost with this disk.',
  },
  device_key: {
    title: 'Device key',
    well: () => 'Good.',
    bad: (fields) =>
      Number(fields.blocks ?? 0) > 0 ? `Good for ${plural(fields, 'blocks', 'block')} more.` : 'It has expired.',
    advice: () => 'It is renewed by itself while the wallet is open.',
  },
  models_served: {
    title: 'Models',
    well: (fields) => `${say(fields, 'model')} is ${say(fields, 'state')}.`,
    bad: (fields) => `${say(fields, 'model')} cannot be served: ${codeWords(say(fields, 'reason'))}.`,
    advice: () => 'It earns nothing from orders until it is served; the logs tell more.',
  },
  trouble: {
    title: 'Trouble',
    well: () => 'None.',
    bad: (fields) => troubleOf(fields)?.text ?? codeWords(say(fields, 'trouble')),
    advice: (fields) => troubleOf(fields)?.advice ?? 'The logs tell more.',
  },
}

/** `skipped` findings say that they could not be looked at. */
export function findingSentence({ code, verdict, fields }: Finding): FindingSentence {
  const known = FINDING_CODES.find((one) => one === code)
  if (known === undefined) {
    return { title: codeWords(code), text: 'This screen has no words for it yet. Reload the page.', advice: '' }
  }
  const words = FINDING_WORDS[known]
  if (verdict === 'skipped') {
    return { title: words.title, text: 'Not known at the moment.', advice: '' }
  }
  const isWell = verdict === 'ok'
  return {
    title: words.title,
    text: isWell ? words.well(fields) : words.bad(fields),
    advice: isWell ? '' : words.advice(fields),
  }
}

const KEY_FAULTS: Readonly<Record<string, string>> = {
  open_to_others: 'readable by other users of this computer',
  damaged: 'damaged',
  unreadable: 'not readable',
}

const WEIGHT_REASONS: Readonly<Record<string, string>> = {
  no_race_yet: 'this host was in no race yet',
  none: 'this host was in no race yet',
  pending: 'its race is being checked',
  too_few_finds: 'too few finds in the last race',
  unverified: 'nobody checked the last race',
  convicted: 'it was convicted',
}

function troubleOf(fields: SentenceFields): { readonly text: string; readonly advice: string } | undefined {
  const code = TROUBLE_CODES.find((one) => one === fields.trouble)
  return code === undefined ? undefined : troubleSentence({ code, fields })
}

function size(fields: SentenceFields, name: string): string {
  return formatBytes(Number(fields[name] ?? 0))
}
