/** What a person can choose, where each value comes from, and what the shell offers. One schema for screen, file, flags and environment. */
import { z } from 'zod'
import { ppmSchema, textSchema } from '../wire.ts'

/** The whole configuration of an installation; the file holds a part of it. */
export const settingsSchema = z.object({
  /** Share of the time that the device races, parts per million. */
  dutyPpm: ppmSchema.min(10_000),
  /** Race through WebGPU even where the adapter is software. */
  allowSoftwareAdapter: z.boolean(),
  /** Models to serve; empty = race and check only. */
  models: z.array(textSchema(64)).max(16),
  /** Join at the start without a click, where this host had joined before. */
  resumeAtStart: z.boolean(),
  /** Starts with the session of the operating system; desktop shell alone. */
  autostart: z.boolean(),
  /** Closing the window leaves Tailrace in the tray; desktop shell alone. */
  closeToTray: z.boolean(),
  notifyFault: z.boolean(),
  notifyUpdate: z.boolean(),
  notifyEarning: z.boolean(),
  /** 0 = any free port. Takes effect at the next start. */
  screenPort: z.number().int().min(0).max(65_535),
  /** Least level that the log files keep. */
  logLevel: z.enum(['debug', 'info', 'warn', 'error']),
  /** The first-run tour was finished or put away. */
  tourDone: z.boolean(),
})
export type Settings = z.infer<typeof settingsSchema>
export type SettingName = keyof Settings

export const DEFAULT_SETTINGS: Settings = {
  dutyPpm: 1_000_000,
  allowSoftwareAdapter: false,
  models: ['whale-0.9m'],
  resumeAtStart: true,
  autostart: false,
  closeToTray: true,
  notifyFault: true,
  notifyUpdate: true,
  notifyEarning: true,
  screenPort: 7_345,
  logLevel: 'info',
  tourDone: false,
}

/** Flags beat the environment, which beats the file, which beats the default. */
export const SETTING_SOURCES = ['flag', 'environment', 'file', 'default'] as const

const names = Object.keys(settingsSchema.shape) as [SettingName, ...SettingName[]]
export const settingNameSchema = z.enum(names)

export const settingsStateSchema = z.object({
  values: settingsSchema,
  /** Where a value comes from; a flag or the environment cannot be overruled on the screen. */
  sources: z.record(settingNameSchema, z.enum(SETTING_SOURCES)),
  /** Changed since the start, in force after the next one. */
  atNextStart: z.array(settingNameSchema).max(16),
  /** What this shell cannot do: its settings are not shown. */
  unavailable: z.array(settingNameSchema).max(16),
  file: textSchema(1_024),
})
export type SettingsState = z.infer<typeof settingsStateSchema>

/** `setting_fixed` [name, source] where a flag or the environment decides; `unavailable` [name]; nothing changes then. */
export const settingsPatchSchema = settingsSchema.partial()
export type SettingsPatch = z.infer<typeof settingsPatchSchema>
