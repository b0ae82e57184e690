/** What each setting is called and means, in the groups of the page. */
import type { SettingName, Settings, SettingsState } from '../../../ipc/wires/settings-wire.ts'

export type SettingGroup = 'Racing' | 'Serving' | 'Start and window' | 'Notifications' | 'Advanced'

export interface SettingWords {
  readonly group: SettingGroup
  readonly name: string
  readonly text: string
}

/** `tourDone` is no choice: the tour has a button of its own. */
export const SETTING_WORDS: Readonly<Record<Exclude<SettingName, 'tourDone'>, SettingWords>> = {
  dutyPpm: {
    group: 'Racing',
    name: 'Share of the time',
    text: 'How much of a race your device works. More finds weigh more; less leaves room for games and work.',
  },
  allowSoftwareAdapter: {
    group: 'Racing',
    name: 'Race on a software adapter',
    text: 'Use WebGPU even where no GPU is behind it. For tests: the processor alone is as fast.',
  },
  models: {
    group: 'Serving',
    name: 'Models to serve',
    text: 'What your host answers paid orders with. None: it races and checks only.',
  },
  resumeAtStart: {
    group: 'Start and window',
    name: 'Go on where it was',
    text: 'Joins by itself at the start where this host had joined before.',
  },
  autostart: {
    group: 'Start and window',
    name: 'Start with the computer',
    text: 'Opens in the tray when you log in.',
  },
  closeToTray: {
    group: 'Start and window',
    name: 'Keep running in the tray',
    text: 'Closing the window leaves Tailrace at work. Quit it from the tray.',
  },
  notifyFault: {
    group: 'Notifications',
    name: 'When something keeps it from earning',
    text: 'A fault, a full disk, a device that was lost.',
  },
  notifyEarning: {
    group: 'Notifications',
    name: 'At the first earning',
    text: 'Once, when the first coins are yours.',
  },
  notifyUpdate: {
    group: 'Notifications',
    name: 'When there is a newer version',
    text: 'Nothing is installed unasked.',
  },
  screenPort: {
    group: 'Advanced',
    name: 'Port of this screen',
    text: 'On this computer alone. 0 takes any free one.',
  },
  logLevel: {
    group: 'Advanced',
    name: 'What the logs keep',
    text: 'From this level on. “debug” helps to find a fault and fills the disk faster.',
  },
}

export const SETTING_GROUPS: readonly SettingGroup[] = [
  'Racing',
  'Serving',
  'Start and window',
  'Notifications',
  'Advanced',
]

export type ShownSetting = keyof typeof SETTING_WORDS

export function settingsOf(group: SettingGroup, state: SettingsState): readonly ShownSetting[] {
  const names = Object.keys(SETTING_WORDS) as ShownSetting[]
  return names.filter((name) => SETTING_WORDS[name].group === group && !state.unavailable.includes(name))
}

/** Why a value cannot be changed here; undefined where it can. */
export function fixedWords(name: SettingName, state: SettingsState): string | undefined {
  switch (state.sources[name]) {
    case 'flag':
      return 'Set by an option of the command that started Tailrace. Start it without that option to choose here.'
    case 'environment':
      return 'Set by an environment variable. Remove it and start anew to choose here.'
    default:
      return undefined
  }
}

/** What a share of the time means. */
export function dutyWords(dutyPpm: number): string {
  const percent = Math.round(dutyPpm / 10_000)
  if (percent >= 100) {
    return 'All the time of each race. The fan will be heard.'
  }
  if (percent >= 60) {
    return `${percent} % of each race, with short rests. Good where nobody sits at the computer.`
  }
  if (percent >= 25) {
    return `${percent} % of each race. The computer stays pleasant to use.`
  }
  return `${percent} % of each race. Hardly felt, and the weight is as small.`
}

/** A value for people. */
export function valueWords(name: SettingName, values: Settings): string {
  const value = values[name]
  if (name === 'dutyPpm') {
    return `${Math.round(values.dutyPpm / 10_000)} %`
  }
  if (typeof value === 'boolean') {
    return value ? 'on' : 'off'
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? 'none' : value.join(', ')
  }
  return String(value)
}

/** What a refused change says. */
export function settingErrorWords(code: string): string | undefined {
  switch (code) {
    case 'setting_fixed':
      return 'This is set by an option or by the environment of the running program, and stays as it is.'
    case 'unavailable':
      return 'This way of running Tailrace cannot do that.'
    case 'not_writable':
    case 'disk_full':
      return 'The settings file could not be written. Nothing was changed; look at the disk and at its rights.'
    case 'damaged_file':
      return 'The settings file is damaged and was left as it is. Repair or remove it, then start anew.'
    default:
      return undefined
  }
}
