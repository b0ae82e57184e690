/**
 * settings.json: the part of the configuration that a person chose, in one private file. Decoded field by field, so that an error
 * names the field and what it allows. Invariant: a file that does not fit is an error and is never replaced.
 */
import { dirname } from 'node:path'
import { z } from 'zod'
import { ensureFolder, readTextFile, SECRET_MODE, writeTextFile } from '../../chain-node/private-file.ts'
import type { SettingName, SettingsPatch } from '../../ipc/wires/settings-wire.ts'
import { settingsSchema } from '../../ipc/wires/settings-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { schemaVerdict } from '../../lib/schema-verdict.ts'
import { SETTING_FORMS, SETTING_NAMES } from './setting-forms.ts'

/** Of this program; a file with a greater one is refused with `newer_data`. */
export const SETTINGS_VERSION = 1
const MAX_FILE_BYTES = 64 * 1024

const headSchema = z.looseObject({ version: z.int().min(1) })

/** The chosen values; none where there is no file. @throws CodedError `settings_damaged` [file, field, allowed], `newer_data`, `file_unreadable` */
export function readSettingsFile(file: string): SettingsPatch {
  const text = readSettingsText(file)
  return text === undefined ? {} : decodeSettings(text, file)
}

export function writeSettingsFile(file: string, settings: SettingsPatch): void {
  ensureFolder(dirname(file))
  writeTextFile(file, `${JSON.stringify({ version: SETTINGS_VERSION, ...settings }, null, 2)}\n`, SECRET_MODE)
}

/** @throws CodedError as readSettingsFile */
export function decodeSettings(text: string, file: string): SettingsPatch {
  const parsed = schemaVerdict(headSchema, parseJson(text))
  if (!parsed.success) {
    throw damaged(file, 'version', 'a JSON object whose version is a whole number')
  }
  const { version, ...fields } = parsed.data
  if (version > SETTINGS_VERSION) {
    throw new CodedError('newer_data', `${file} was written by a newer Tailrace (version ${version} of the file)`, {
      fields: { file, version, known: SETTINGS_VERSION },
    })
  }
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, decodeField(name, value, file)]))
}

function decodeField(name: string, value: unknown, file: string): unknown {
  if (!isSettingName(name)) {
    throw damaged(file, name.slice(0, 64), `none of that name; known are ${SETTING_NAMES.join(', ')}`)
  }
  const parsed = schemaVerdict<unknown>(settingsSchema.shape[name], value)
  if (!parsed.success) {
    throw damaged(file, name, allowedInFile(name))
  }
  return parsed.data
}

/** The file holds parts per million where a person says percent. */
function allowedInFile(name: SettingName): string {
  if (name === 'dutyPpm') {
    return 'a whole number from 10000 to 1000000 (parts per million)'
  }
  if (name === 'models') {
    return 'a list of up to 16 names'
  }
  return typeof settingsSchema.shape[name].safeParse(true).data === 'boolean'
    ? 'true or false'
    : SETTING_FORMS[name].allowed
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settingsSchema.shape, name)
}

function readSettingsText(file: string): string | undefined {
  try {
    return readTextFile(file, MAX_FILE_BYTES)
  } catch (cause) {
    // Also a folder of that name, which can be opened but not read.
    throw cause instanceof CodedError
      ? cause
      : new CodedError('file_unreadable', `cannot read ${file}`, { fields: { path: file }, cause })
  }
}

function damaged(file: string, field: string, allowed: string): CodedError {
  return new CodedError('settings_damaged', `${file}: “${field}” is damaged; allowed is ${allowed}`, {
    fields: { file, field, allowed },
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema then refuses undefined, with the file's name.
    return undefined
  }
}
