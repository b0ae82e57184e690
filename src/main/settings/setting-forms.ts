/**
 * Each setting as a person writes it: its name for `tailrace settings` and flags, its environment variable, what it allows, and the way
 * from text to value and back. Invariant: one row for each setting of the schema (by type), so a new setting has all of them.
 */
import type { SettingName, Settings } from '../../ipc/wires/settings-wire.ts'
import { settingsSchema } from '../../ipc/wires/settings-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'

export interface SettingForm<Name extends SettingName> {
  /** As in `tailrace settings set NAME VALUE`. */
  readonly name: string
  /** Environment variable. */
  readonly variable: string
  readonly summary: string
  /** What a value may be, in words. */
  readonly allowed: string
  /** Undefined where the text is no value of this setting; its range is the schema's to check. */
  readonly parse: (text: string) => Settings[Name] | undefined
  readonly format: (value: Settings[Name]) => string
}

export type SettingForms = { readonly [Name in SettingName]: SettingForm<Name> }

const SWITCH = {
  allowed: 'on or off',
  parse: (text: string): boolean | undefined => SWITCH_WORDS.get(text.trim().toLowerCase()),
  format: (value: boolean): string => (value ? 'on' : 'off'),
} as const

const SWITCH_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['yes', true],
  ['true', true],
  ['1', true],
  ['off', false],
  ['no', false],
  ['false', false],
  ['0', false],
])

const LEVELS: readonly string[] = settingsSchema.shape.logLevel.options
const PPM_OF_PERCENT = 10_000

export const SETTING_FORMS: SettingForms = {
  dutyPpm: {
    name: 'duty',
    variable: 'TAILRACE_DUTY',
    summary: 'share of the time that the device races',
    allowed: '1 % to 100 %',
    parse: parsePercent,
    format: (value) => `${value / PPM_OF_PERCENT}%`,
  },
  allowSoftwareAdapter: {
    name: 'allow-software-adapter',
    variable: 'TAILRACE_ALLOW_SOFTWARE_ADAPTER',
    summary: 'race through WebGPU even where the adapter is software',
    ...SWITCH,
  },
  models: {
    name: 'models',
    variable: 'TAILRACE_MODELS',
    summary: 'models to serve, by name',
    allowed: 'up to 16 names with commas between them, or none',
    parse: parseNames,
    format: (value) => (value.length === 0 ? 'none' : value.join(',')),
  },
  resumeAtStart: {
    name: 'resume-at-start',
    variable: 'TAILRACE_RESUME_AT_START',
    summary: 'join again at the start where this host had joined',
    ...SWITCH,
  },
  autostart: {
    name: 'autostart',
    variable: 'TAILRACE_AUTOSTART',
    summary: 'start with the session (desktop application)',
    ...SWITCH,
  },
  closeToTray: {
    name: 'close-to-tray',
    variable: 'TAILRACE_CLOSE_TO_TRAY',
    summary: 'closing the window leaves Tailrace in the tray (desktop application)',
    ...SWITCH,
  },
  notifyFault: {
    name: 'notify-fault',
    variable: 'TAILRACE_NOTIFY_FAULT',
    summary: 'notify of faults',
    ...SWITCH,
  },
  notifyUpdate: {
    name: 'notify-update',
    variable: 'TAILRACE_NOTIFY_UPDATE',
    summary: 'notify of new versions',
    ...SWITCH,
  },
  notifyEarning: {
    name: 'notify-earning',
    variable: 'TAILRACE_NOTIFY_EARNING',
    summary: 'notify of the first earning',
    ...SWITCH,
  },
  screenPort: {
    name: 'screen-port',
    variable: 'TAILRACE_SCREEN_PORT',
    summary: 'port of the screen on loopback, 0 = any free one',
    allowed: 'a whole number from 0 to 65535',
    parse: (text) => (/^[0-9]{1,6}$/.test(text.trim()) ? Number(text.trim()) : undefined),
    format: (value) => String(value),
  },
  logLevel: {
    name: 'log-level',
    variable: 'TAILRACE_LOG_LEVEL',
    summary: 'least level that the log files keep',
    allowed: LEVELS.join(', '),
    parse: (text) => settingsSchema.shape.logLevel.safeParse(text.trim().toLowerCase()).data,
    format: (value) => value,
  },
  tourDone: {
    name: 'tour-done',
    variable: 'TAILRACE_TOUR_DONE',
    summary: 'the first-run tour was finished or put away',
    ...SWITCH,
  },
}

export const SETTING_NAMES = Object.keys(SETTING_FORMS) as readonly SettingName[]

/** By the name for people or the schema's own. */
export function settingNamed(text: string): SettingName | undefined {
  return SETTING_NAMES.find((name) => name === text || SETTING_FORMS[name].name === text)
}

/** The value within its range. @throws CodedError `code` with fields setting, allowed and what `where` adds. */
export function parseSetting<Name extends SettingName>(
  name: Name,
  text: string,
  code: string,
  where: { readonly said: string; readonly fields?: Readonly<Record<string, string>> },
): Settings[Name] {
  const form: SettingForm<Name> = SETTING_FORMS[name]
  const parsed = settingsSchema.shape[name].safeParse(text.length > MAX_TEXT ? undefined : form.parse(text))
  if (!parsed.success) {
    throw new CodedError(code, `${where.said}: “${text.slice(0, 64)}” is not allowed, but ${form.allowed}`, {
      fields: { setting: form.name, allowed: form.allowed, ...where.fields },
    })
  }
  return parsed.data as Settings[Name]
}

/** The value as a person would write it. */
export function formatSetting<Name extends SettingName>(name: Name, value: Settings[Name]): string {
  const form: SettingForm<Name> = SETTING_FORMS[name]
  return form.format(value)
}

const MAX_TEXT = 2_048

/** `50`, `50%`, `12.5 %`. */
function parsePercent(text: string): number | undefined {
  const [, digits] = /^\s*([0-9]{1,3}(?:\.[0-9]{1,4})?)\s*%?\s*$/.exec(text) ?? []
  return digits === undefined ? undefined : Math.round(Number(digits) * PPM_OF_PERCENT)
}

function parseNames(text: string): string[] {
  const names = text.trim() === 'none' ? [] : text.split(',').map((name) => name.trim())
  return [...new Set(names.filter((name) => name !== ''))]
}
