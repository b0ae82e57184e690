/** `tailrace settings get | set | reset`: over the running application where there is one, else in its file. */
import { z } from 'zod'
import type { SettingName, Settings, SettingsPatch, SettingsState } from '../../ipc/wires/settings-wire.ts'
import { DEFAULT_SETTINGS } from '../../ipc/wires/settings-wire.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { BUILT_IN_MODELS } from '../../main/models/model-library.ts'
import {
  formatSetting,
  parseSetting,
  SETTING_FORMS,
  SETTING_NAMES,
  settingNamed,
} from '../../main/settings/setting-forms.ts'
import { openSettings, settingsFile } from '../../main/settings/settings-store.ts'
import { defineCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { closestTo } from '../did-you-mean.ts'
import { table } from '../layout.ts'
import { HOME, JSON_OUTPUT } from '../options.ts'
import { emit, snapshotOf, withControl } from '../with-control.ts'

const options = { home: HOME, json: JSON_OUTPUT }
const NAMES = SETTING_NAMES.map((name) => SETTING_FORMS[name].name)

export const SETTINGS_GET_COMMAND = defineCommand({
  name: 'settings get',
  group: 'machine',
  summary: 'all settings, where each comes from and what it allows; or one',
  options,
  positionals: { name: { schema: z.string().max(64).optional(), summary: `one of ${NAMES.join(', ')}` } },
  examples: ['tailrace settings get', 'tailrace settings get duty'],
  async run(args, context) {
    const wanted = args.name === undefined ? undefined : settingOf(args.name)
    const state = await presentState(args.home, context)
    if (wanted !== undefined) {
      const one = { name: SETTING_FORMS[wanted].name, value: state.values[wanted], source: state.sources[wanted] }
      emit(context, args.json, one, () => formatSetting(wanted, state.values[wanted]))
      return 0
    }
    emit(context, args.json, state, () => settingsText(state))
    return 0
  },
})

export const SETTINGS_SET_COMMAND = defineCommand({
  name: 'settings set',
  group: 'machine',
  summary: 'change one setting; a running application takes it over at once where it can',
  options,
  positionals: {
    name: { schema: z.string().max(64), summary: `one of ${NAMES.join(', ')}` },
    value: { schema: z.string().max(2_048), summary: 'as `tailrace settings get` shows it' },
  },
  examples: ['tailrace settings set duty 50%', 'tailrace settings set models none'],
  reaches: ['settings.change'],
  async run(args, context) {
    const name = settingOf(args.name)
    const value = parseSetting(name, args.value, 'bad_usage', { said: SETTING_FORMS[name].name })
    return await change(args, { [name]: value }, context)
  },
})

export const SETTINGS_RESET_COMMAND = defineCommand({
  name: 'settings reset',
  group: 'machine',
  summary: 'back to the default: one setting, or all that are chosen in the file',
  options,
  positionals: { name: { schema: z.string().max(64).optional(), summary: 'one setting; absent: all' } },
  examples: ['tailrace settings reset duty', 'tailrace settings reset'],
  reaches: ['settings.change'],
  async run(args, context) {
    const state = await presentState(args.home, context)
    const chosen = SETTING_NAMES.filter((name) => state.sources[name] === 'file' && !state.unavailable.includes(name))
    const names = args.name === undefined ? chosen : [settingOf(args.name)]
    return await change(args, Object.fromEntries(names.map((name) => [name, DEFAULT_SETTINGS[name]])), context)
  },
})

async function change(
  args: { readonly home: string | undefined; readonly json: boolean },
  patch: SettingsPatch,
  context: CliContext,
): Promise<number> {
  const state = await whereverItIs(args.home, context, {
    running: (control) => control.client.settings.change(patch),
    file: (store) => store.change(patch),
  })
  emit(context, args.json, state, () => changeText(patch, state))
  return 0
}

function presentState(home: string | undefined, context: CliContext): Promise<SettingsState> {
  return whereverItIs(home, context, {
    running: async (control) => (await snapshotOf(control)).settings,
    file: (store) => store.state(),
  })
}

interface Places {
  readonly running: (control: Parameters<Parameters<typeof withControl>[2]>[0]) => Promise<SettingsState>
  readonly file: (store: ReturnType<typeof openSettings>) => SettingsState
}

/** A running application keeps its settings in memory: a file changed behind its back would be overwritten. */
async function whereverItIs(home: string | undefined, context: CliContext, places: Places): Promise<SettingsState> {
  try {
    return await withControl(context, home, places.running)
  } catch (error) {
    if (errorCode(error) !== 'not_running') {
      throw error
    }
  }
  return places.file(
    openSettings({
      file: settingsFile(home, context.env, context.platform),
      env: context.env,
      flags: {},
      shell: 'service',
      knownModels: BUILT_IN_MODELS,
    }),
  )
}

/** @throws CodedError `bad_usage` */
function settingOf(text: string): SettingName {
  const name = settingNamed(text)
  if (name === undefined) {
    const closest = closestTo(text, NAMES)
    const hint = closest === undefined ? ` Known: ${NAMES.join(', ')}.` : ` Did you mean “${closest}”?`
    throw new CodedError('bad_usage', `there is no setting “${text}”.${hint}`, { fields: { command: 'settings get' } })
  }
  return name
}

const SOURCE_WORDS: Readonly<Record<SettingsState['sources'][SettingName], string>> = {
  flag: 'flag',
  environment: 'environment',
  file: 'file',
  default: 'default',
}

function settingsText(state: SettingsState): string {
  const rows = SETTING_NAMES.filter((name) => !state.unavailable.includes(name)).map((name) => {
    const { name: label, allowed, variable } = SETTING_FORMS[name]
    const later = state.atNextStart.includes(name) ? ' (from the next start)' : ''
    return [
      label,
      formatSetting(name, state.values[name]) + later,
      SOURCE_WORDS[state.sources[name]],
      allowed,
      variable,
    ]
  })
  return `${table(['SETTING', 'VALUE', 'FROM', 'ALLOWED', 'VARIABLE'], rows)}\nFile: ${state.file}`
}

function changeText(patch: SettingsPatch, state: SettingsState): string {
  const names = Object.keys(patch) as SettingName[]
  const line = <Name extends SettingName>(name: Name): string => {
    const later = state.atNextStart.includes(name) ? ', from the next start' : ''
    return `${SETTING_FORMS[name].name} is ${formatSetting(name, state.values[name] as Settings[Name])}${later}.`
  }
  return names.length === 0 ? 'Everything is at its default.' : names.map((name) => line(name)).join('\n')
}
