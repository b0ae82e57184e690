import { useState } from 'react'
import type { SettingName, Settings, SettingsPatch, SettingsState } from '../../../ipc/wires/settings-wire.ts'
import { useCall } from '../flow/use-call.ts'
import { failureSentence } from '../words/failures.ts'
import type { ShownSetting } from './setting-words.ts'
import { SETTING_WORDS, settingErrorWords, valueWords } from './setting-words.ts'

export interface Saved {
  readonly text: string
  /** What takes it back; undefined after it was taken back. */
  readonly undo: SettingsPatch | undefined
}

export interface SettingsUse {
  readonly state: SettingsState
  readonly isBusy: boolean
  readonly saved: Saved | undefined
  readonly fault: string | undefined
  change(patch: SettingsPatch): void
  undo(): void
}

/** Saves at once, says what it did and takes it back. Until the next snapshot the answer of the host is what is shown. */
export function useSettings(fromSnapshot: SettingsState): SettingsUse {
  const call = useCall()
  const [saved, setSaved] = useState<Saved | undefined>(undefined)
  const [answer, setAnswer] = useState<{ readonly state: SettingsState; readonly seen: SettingsState } | undefined>()
  const state = answer !== undefined && answer.seen === fromSnapshot ? answer.state : fromSnapshot
  const save = async (patch: SettingsPatch, undo: SettingsPatch | undefined) => {
    const next = await call.run((client) => client.settings.change(patch))
    if (next === undefined) {
      return
    }
    setAnswer({ state: next, seen: fromSnapshot })
    const names = Object.keys(patch) as ShownSetting[]
    const words = names.map((name) => `${SETTING_WORDS[name].name}: ${valueWords(name, next.values)}`)
    setSaved({ text: `${undo === undefined ? 'Taken back' : 'Saved'}. ${words.join(' · ')}`, undo })
  }
  return {
    state,
    isBusy: call.isBusy,
    saved,
    fault:
      call.error === undefined ? undefined : (settingErrorWords(call.error.code) ?? failureSentence(call.error.code)),
    change: (patch) => void save(patch, partOf(state.values, Object.keys(patch) as SettingName[])),
    undo: () => void (saved?.undo !== undefined && save(saved.undo, undefined)),
  }
}

function partOf(values: Settings, names: readonly SettingName[]): SettingsPatch {
  return Object.fromEntries(names.map((name) => [name, values[name]]))
}
