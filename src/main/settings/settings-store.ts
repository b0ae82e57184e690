/**
 * The configuration of an installation: flags beat the environment, which beats the file, which beats the default. Invariant: what is in
 * force always fits the schema; a change is written whole or not at all, and nobody hears of one that was not written. Read next:
 * setting-forms.ts (names and ranges), settings-file.ts (the file), ipc/wires/settings-wire.ts (the schema).
 */
import { join } from 'node:path'
import type { SettingName, Settings, SettingsPatch, SettingsState } from '../../ipc/wires/settings-wire.ts'
import { DEFAULT_SETTINGS } from '../../ipc/wires/settings-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { configFolder } from '../data-folder.ts'
import { parseSetting, SETTING_FORMS, SETTING_NAMES } from './setting-forms.ts'
import { readSettingsFile, writeSettingsFile } from './settings-file.ts'

/** Read once, when the processes start. */
const AT_START: readonly SettingName[] = ['allowSoftwareAdapter', 'models', 'screenPort', 'logLevel']
/** What a shell cannot do. */
const UNAVAILABLE: Readonly<Record<'service' | 'desktop', readonly SettingName[]>> = {
  service: ['autostart', 'closeToTray'],
  desktop: ['screenPort'],
}

export interface SettingsOptions {
  /** settings.json (settingsFile names it). */
  readonly file: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** As given on the command line, decoded. */
  readonly flags: SettingsPatch
  readonly shell: 'service' | 'desktop'
  /** Names that `models` may hold. */
  readonly knownModels: readonly string[]
}

export interface SettingsStore {
  state(): SettingsState
  /** Called after each change, when it is on disk. */
  onChange(listener: () => void): () => void
  /**
   * All or nothing; a value that is the default leaves the file. @throws CodedError `setting_fixed` [name, source], `unavailable` [name],
   * `unknown_model` [model], `settings_not_written` [file]
   */
  change(patch: SettingsPatch): SettingsState
}

/** Where settings.json lies: in `home` where the person named a data folder, else where the platform keeps configuration. */
export function settingsFile(home: string | undefined, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  return join(home ?? configFolder(env, platform), 'settings.json')
}

/** @throws CodedError `settings_damaged`, `newer_data`, `bad_environment` [variable, allowed] */
export function openSettings(options: SettingsOptions): SettingsStore {
  const environment = readEnvironment(options.env)
  let stored = readSettingsFile(options.file)
  const started = merge(options.flags, environment, stored).values
  const listeners = new Set<() => void>()
  const state = (): SettingsState => {
    const { values, sources } = merge(options.flags, environment, stored)
    return {
      values,
      sources,
      atNextStart: AT_START.filter((name) => !isSame(values[name], started[name])),
      unavailable: [...UNAVAILABLE[options.shell]],
      file: options.file.slice(0, 1_024),
    }
  }
  return {
    state,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    change(patch) {
      const given = definedOf(patch)
      refuseWhereFixed(given, state(), options)
      const next = { ...stored, ...given }
      const kept = Object.entries(next).filter(([name, value]) => !isSame(value, DEFAULT_SETTINGS[name as SettingName]))
      write(options.file, Object.fromEntries(kept))
      stored = Object.fromEntries(kept)
      for (const listener of [...listeners]) {
        listener()
      }
      return state()
    },
  }
}

/** What the environment says. @throws CodedError `bad_environment` [variable, setting, allowed] */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): SettingsPatch {
  const given = SETTING_NAMES.flatMap((name) => {
    const { variable } = SETTING_FORMS[name]
    const text = env[variable]
    // An empty variable is how many tools unset one.
    return text === undefined || text === ''
      ? []
      : [[name, parseSetting(name, text, 'bad_environment', { said: variable, fields: { variable } })]]
  })
  return Object.fromEntries(given)
}

function merge(
  flags: SettingsPatch,
  environment: SettingsPatch,
  stored: SettingsPatch,
): Pick<SettingsState, 'values' | 'sources'> {
  const layers = [
    ['flag', definedOf(flags)],
    ['environment', environment],
    ['file', stored],
  ] as const
  const sources = Object.fromEntries(
    SETTING_NAMES.map((name) => [name, layers.find(([, layer]) => layer[name] !== undefined)?.[0] ?? 'default']),
  )
  const values = { ...DEFAULT_SETTINGS, ...stored, ...environment, ...definedOf(flags) } as Settings
  return { values, sources: sources as SettingsState['sources'] }
}

function refuseWhereFixed(
  patch: SettingsPatch,
  { sources, unavailable }: SettingsState,
  options: SettingsOptions,
): void {
  for (const name of Object.keys(patch) as SettingName[]) {
    const source = sources[name]
    const label = SETTING_FORMS[name].name
    if (unavailable.includes(name)) {
      throw new CodedError('unavailable', `${label} is not a setting of this shell`, { fields: { name } })
    }
    if (source === 'flag' || source === 'environment') {
      const where = source === 'flag' ? 'the command line' : SETTING_FORMS[name].variable
      throw new CodedError('setting_fixed', `${label} is fixed by ${where}`, { fields: { name, source, where } })
    }
  }
  const unknown = patch.models?.find((model) => !options.knownModels.includes(model))
  if (unknown !== undefined) {
    const known = options.knownModels.join(', ')
    throw new CodedError('unknown_model', `there is no model “${unknown}” here; known: ${known}`, {
      fields: { model: unknown, known },
    })
  }
}

function write(file: string, settings: SettingsPatch): void {
  try {
    writeSettingsFile(file, settings)
  } catch (cause) {
    throw new CodedError('settings_not_written', `${file} cannot be written; nothing was changed`, {
      fields: { file },
      cause,
    })
  }
}

function definedOf(patch: SettingsPatch): SettingsPatch {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
