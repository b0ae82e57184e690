import type { Settings } from '../../ipc/wires/settings-wire.ts'
import { DEFAULT_SETTINGS } from '../../ipc/wires/settings-wire.ts'
import { SETTING_FORMS } from '../../main/settings/setting-forms.ts'
import { readEnvironment } from '../../main/settings/settings-store.ts'

/** A process of a network has no settings file: the application that runs it hands the level on. @throws CodedError `bad_environment` */
export function logLevelOf(env: NodeJS.ProcessEnv): Settings['logLevel'] {
  const { variable } = SETTING_FORMS.logLevel
  return readEnvironment({ [variable]: env[variable] }).logLevel ?? DEFAULT_SETTINGS.logLevel
}
