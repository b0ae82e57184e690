import type { ReactNode } from 'react'
import type { SettingsState } from '../../../ipc/wires/settings-wire.ts'
import { DEFAULT_SETTINGS } from '../../../ipc/wires/settings-wire.ts'
import type { ShownSetting } from './setting-words.ts'
import { fixedWords, SETTING_WORDS } from './setting-words.ts'

interface SettingRowProps {
  readonly name: ShownSetting
  readonly state: SettingsState
  readonly children: (ids: {
    readonly id: string
    readonly describedBy: string
    readonly isFixed: boolean
  }) => ReactNode
  /** Below the words, over the whole width. */
  readonly wide?: boolean
}

/** One setting: what it is, its control, and what is to be known of its value. */
export function SettingRow({ name, state, children, wide = false }: SettingRowProps): ReactNode {
  const { name: title, text } = SETTING_WORDS[name]
  const fixed = fixedWords(name, state)
  const id = `setting-${name}`
  const isLater = state.atNextStart.includes(name)
  return (
    <div className="pref" data-wide={wide} data-testid={id} data-fixed={fixed !== undefined}>
      <div className="setting-words">
        <label htmlFor={id} className="setting-name">
          {title}
        </label>
        <p id={`${id}-text`} className="setting-text">
          {text}
        </p>
        {fixed !== undefined && <p className="setting-remark">{fixed}</p>}
        {isLater && (
          <p className="setting-remark" data-tone="warning">
            Takes effect at the next start.
          </p>
        )}
      </div>
      <div className="setting-control">
        {children({ id, describedBy: `${id}-text`, isFixed: fixed !== undefined })}
        {state.sources[name] === 'file' && isChanged(name, state) && (
          <span className="setting-source">chosen by you</span>
        )}
      </div>
    </div>
  )
}

function isChanged(name: ShownSetting, { values }: SettingsState): boolean {
  return JSON.stringify(values[name]) !== JSON.stringify(DEFAULT_SETTINGS[name])
}
