import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SettingName, SettingsPatch } from '../../ipc/wires/settings-wire.ts'
import { DEFAULT_SETTINGS, settingsSchema, settingsStateSchema } from '../../ipc/wires/settings-wire.ts'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import { formatSetting, parseSetting, SETTING_FORMS, SETTING_NAMES, settingNamed } from './setting-forms.ts'
import { decodeSettings, readSettingsFile, writeSettingsFile } from './settings-file.ts'
import type { SettingsStore } from './settings-store.ts'
import { openSettings, readEnvironment, settingsFile } from './settings-store.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-settings-'))
  file = join(folder, 'config', 'settings.json')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function open(flags: SettingsPatch = {}, env: Record<string, string> = {}): SettingsStore {
  return openSettings({ file, env, flags, shell: 'service', knownModels: ['whale-0.9m'] })
}

function codeOf(action: () => unknown): CodedError {
  try {
    action()
  } catch (error) {
    if (error instanceof CodedError) {
      return error
    }
    throw error
  }
  throw new Error('nothing was thrown')
}

const anyPatch: fc.Arbitrary<SettingsPatch> = fc.record(
  {
    dutyPpm: fc.integer({ min: 10_000, max: 1_000_000 }),
    allowSoftwareAdapter: fc.boolean(),
    models: fc.uniqueArray(
      fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,12}$/).filter((name) => name !== 'none'),
      {
        maxLength: 16,
      },
    ),
    resumeAtStart: fc.boolean(),
    autostart: fc.boolean(),
    closeToTray: fc.boolean(),
    notifyFault: fc.boolean(),
    notifyUpdate: fc.boolean(),
    notifyEarning: fc.boolean(),
    screenPort: fc.integer({ min: 0, max: 65_535 }),
    logLevel: fc.constantFrom('debug' as const, 'info' as const, 'warn' as const, 'error' as const),
    tourDone: fc.boolean(),
  },
  { requiredKeys: [] },
)

function asEnvironment(patch: SettingsPatch): Record<string, string> {
  const entries = Object.entries(patch) as [SettingName, never][]
  return Object.fromEntries(entries.map(([name, value]) => [SETTING_FORMS[name].variable, formatSetting(name, value)]))
}

describe('precedence', () => {
  test('a flag beats the environment, which beats the file, which beats the default', () => {
    fc.assert(
      fc.property(anyPatch, anyPatch, anyPatch, (flags, environment, stored) => {
        writeSettingsFile(file, stored)
        const state = open(flags, asEnvironment(environment)).state()
        settingsStateSchema.parse(state)
        for (const name of SETTING_NAMES) {
          const layers = [
            ['flag', flags[name]],
            ['environment', environment[name]],
            ['file', stored[name]],
            ['default', DEFAULT_SETTINGS[name]],
          ] as const
          const [source, value] = layers.find(([, given]) => given !== undefined) ?? ['none', undefined]
          expect([name, state.sources[name], state.values[name]]).toEqual([name, source, value])
        }
      }),
      { numRuns: 300 },
    )
  })

  test('what a person would write reads back as the same value', () => {
    fc.assert(
      fc.property(anyPatch, (patch) => {
        expect(readEnvironment(asEnvironment(patch))).toEqual(patch)
      }),
      { numRuns: 500 },
    )
  })

  test('each setting has a name and a variable of its own', () => {
    const forms = Object.values(SETTING_FORMS)
    expect(new Set(forms.map(({ name }) => name)).size).toBe(forms.length)
    expect(new Set(forms.map(({ variable }) => variable)).size).toBe(forms.length)
    expect(settingNamed('duty')).toBe('dutyPpm')
    expect(settingNamed('dutyPpm')).toBe('dutyPpm')
    expect(settingNamed('toString')).toBeUndefined()
  })
})

describe('the file', () => {
  test('arbitrary text is a configuration or a coded error, never another failure', () => {
    const anyText = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.json(),
      fc.record({ version: fc.integer(), dutyPpm: fc.anything(), models: fc.anything() }).map(jsonOf),
      fc
        .dictionary(fc.oneof(fc.string(), fc.constantFrom(...SETTING_NAMES, '__proto__')), fc.jsonValue())
        .map((fields) => JSON.stringify({ version: 1, ...fields })),
    )
    let decoded = 0
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          settingsSchema.partial().strict().parse(decodeSettings(text, file))
          decoded += 1
        } catch (error) {
          expect(['settings_damaged', 'newer_data']).toContain(errorCode(error))
          expect((error as CodedError).fields.file).toBe(file)
        }
      }),
      { numRuns: 10_000 },
    )
    expect(decoded).toBeGreaterThan(0)
  })

  test.each([
    ['not JSON', '{', { code: 'settings_damaged', field: 'version' }],
    ['no version', '{}', { code: 'settings_damaged', field: 'version' }],
    ['out of range', '{"version":1,"dutyPpm":9999}', { code: 'settings_damaged', field: 'dutyPpm' }],
    ['wrong type', '{"version":1,"closeToTray":"yes"}', { code: 'settings_damaged', field: 'closeToTray' }],
    ['unknown key', '{"version":1,"dutty":1}', { code: 'settings_damaged', field: 'dutty' }],
    ['newer', '{"version":2,"anything":1}', { code: 'newer_data', version: 2 }],
  ])('%s: refused by name and left as it is', (_what, text, { code, ...fields }) => {
    mkdirSync(join(folder, 'config'))
    writeFileSync(file, text)
    const error = codeOf(() => open())
    expect(error.code).toBe(code)
    expect(error.fields).toMatchObject({ file, ...fields })
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  test('an error names what is allowed', () => {
    expect(codeOf(() => decodeSettings('{"version":1,"screenPort":70000}', file)).fields.allowed).toContain('65535')
    expect(codeOf(() => decodeSettings('{"version":1,"tourDone":2}', file)).fields.allowed).toBe('true or false')
    expect(codeOf(() => decodeSettings('{"version":1,"logLevel":"all"}', file)).message).toContain('debug, info')
  })

  test('is private, whole and holds only what is not the default', () => {
    const store = open()
    store.change({ dutyPpm: 250_000, notifyFault: false })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'config')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(folder, 'config'))).toEqual(['settings.json'])
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ version: 1, dutyPpm: 250_000, notifyFault: false })
    store.change({ dutyPpm: DEFAULT_SETTINGS.dutyPpm })
    expect(readSettingsFile(file)).toEqual({ notifyFault: false })
    expect(store.state().sources.dutyPpm).toBe('default')
  })

  test('a folder in its place is an error with its name', () => {
    mkdirSync(file, { recursive: true })
    expect(codeOf(() => open()).code).toBe('file_unreadable')
  })
})

describe('changes', () => {
  test('all or nothing: where one setting is fixed or unknown here, none changes', () => {
    const store = open({ dutyPpm: 500_000 }, { TAILRACE_LOG_LEVEL: 'warn' })
    let heard = 0
    store.onChange(() => {
      heard += 1
    })
    const before = store.state()
    for (const [patch, code] of [
      [{ notifyFault: false, dutyPpm: 1_000_000 }, 'setting_fixed'],
      [{ notifyFault: false, logLevel: 'debug' }, 'setting_fixed'],
      [{ notifyFault: false, closeToTray: false }, 'unavailable'],
      [{ notifyFault: false, models: ['no-such-model'] }, 'unknown_model'],
    ] as const) {
      expect(codeOf(() => store.change(patch as SettingsPatch)).code).toBe(code)
      expect(store.state()).toEqual(before)
    }
    expect(heard).toBe(0)
  })

  test('what cannot be written is not in force', () => {
    const store = open()
    mkdirSync(join(folder, 'config', 'settings.json.new'), { recursive: true })
    expect(codeOf(() => store.change({ dutyPpm: 100_000 })).code).toBe('settings_not_written')
    expect(store.state().values.dutyPpm).toBe(DEFAULT_SETTINGS.dutyPpm)
  })

  test('tells what waits for the next start', () => {
    const store = open()
    expect(store.change({ dutyPpm: 20_000, screenPort: 8_000, models: [] }).atNextStart).toEqual([
      'models',
      'screenPort',
    ])
    expect(store.change({ screenPort: DEFAULT_SETTINGS.screenPort }).atNextStart).toEqual(['models'])
    expect(open().state().atNextStart).toEqual([])
  })
})

describe('the environment', () => {
  test('arbitrary values are a configuration or a coded error that names the variable', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SETTING_NAMES), fc.string({ maxLength: 80 }), (name, text) => {
        const { variable } = SETTING_FORMS[name]
        try {
          settingsSchema
            .partial()
            .strict()
            .parse(readEnvironment({ [variable]: text }))
        } catch (error) {
          expect(errorCode(error)).toBe('bad_environment')
          expect((error as CodedError).fields).toMatchObject({ variable, allowed: SETTING_FORMS[name].allowed })
        }
      }),
      { numRuns: 5_000 },
    )
  })

  test('an empty variable is none; a share is in percent', () => {
    expect(readEnvironment({ TAILRACE_DUTY: '' })).toEqual({})
    expect(readEnvironment({ TAILRACE_DUTY: '12.5 %' })).toEqual({ dutyPpm: 125_000 })
    expect(codeOf(() => readEnvironment({ TAILRACE_DUTY: '0.5' })).message).toContain('1 % to 100 %')
    expect(() => parseSetting('models', 'x'.repeat(5_000), 'bad_usage', { said: 'models' })).toThrow('not allowed')
  })
})

test('the file lies in the data folder that was named, else where the platform keeps configuration', () => {
  expect(settingsFile('/net', {}, 'linux')).toBe('/net/settings.json')
  expect(settingsFile(undefined, { XDG_CONFIG_HOME: '/config' }, 'linux')).toBe('/config/tailrace/settings.json')
  expect(settingsFile(undefined, { TAILRACE_HOME: '/all' }, 'linux')).toBe('/all/settings.json')
  expect(settingsFile(undefined, { APPDATA: '/roaming' }, 'win32')).toBe(join('/roaming', 'Tailrace', 'settings.json'))
})

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    // A bigint or a cycle has no JSON: the empty text stands for it.
    return ''
  }
}
