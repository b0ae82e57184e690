/** The controls of the settings page; each says its new value once it stands. */
import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import type { SettingsPatch, SettingsState } from '../../../ipc/wires/settings-wire.ts'
import { Segments } from '../app/segments.tsx'
import { SettingRow } from './setting-row.tsx'
import type { ShownSetting } from './setting-words.ts'
import { dutyWords, SETTING_WORDS } from './setting-words.ts'

export interface ControlProps {
  readonly state: SettingsState
  readonly onChange: (patch: SettingsPatch) => void
}

type SwitchName = {
  [Name in ShownSetting]: SettingsState['values'][Name] extends boolean ? Name : never
}[ShownSetting]

export function SwitchRow({ name, state, onChange }: ControlProps & { readonly name: SwitchName }): ReactNode {
  return (
    <SettingRow name={name} state={state}>
      {({ id, describedBy, isFixed }) => (
        <input
          id={id}
          type="checkbox"
          role="switch"
          className="switch"
          disabled={isFixed}
          aria-describedby={describedBy}
          checked={state.values[name]}
          aria-checked={state.values[name]}
          onChange={(event) => onChange({ [name]: event.target.checked })}
        />
      )}
    </SettingRow>
  )
}

const STEP_PERCENT = 5
const LEAST_PERCENT = 5

/** The value is said while it moves and saved where it comes to rest. */
export function DutyRow({ state, onChange }: ControlProps): ReactNode {
  const saved = Math.max(LEAST_PERCENT, Math.round(state.values.dutyPpm / 10_000))
  const [percent, setPercent] = useState(saved)
  useEffect(() => setPercent(saved), [saved])
  const rest = () => percent !== saved && onChange({ dutyPpm: percent * 10_000 })
  return (
    <SettingRow name="dutyPpm" state={state} wide>
      {({ id, describedBy, isFixed }) => (
        <div className="duty">
          <input
            id={id}
            type="range"
            className="duty-slider"
            min={LEAST_PERCENT}
            max={100}
            step={STEP_PERCENT}
            disabled={isFixed}
            aria-describedby={describedBy}
            aria-valuetext={dutyWords(percent * 10_000)}
            value={percent}
            onChange={(event) => setPercent(Number(event.target.value))}
            onPointerUp={rest}
            onKeyUp={rest}
            onBlur={rest}
          />
          <output className="duty-value number" htmlFor={id}>
            {percent} %
          </output>
          <p className="duty-words" data-testid="duty-words">
            {dutyWords(percent * 10_000)}
          </p>
        </div>
      )}
    </SettingRow>
  )
}

interface ModelsRowProps extends ControlProps {
  /** Models that this host knows, chosen or not. */
  readonly known: readonly string[]
}

export function ModelsRow({ state, onChange, known }: ModelsRowProps): ReactNode {
  const chosen = state.values.models
  const models = [...new Set([...known, ...chosen])].sort()
  const toggle = (model: string, isOn: boolean) =>
    onChange({ models: isOn ? [...chosen, model] : chosen.filter((each) => each !== model) })
  return (
    <SettingRow name="models" state={state} wide>
      {({ id, describedBy, isFixed }) => (
        <fieldset id={id} className="models" aria-describedby={describedBy} disabled={isFixed}>
          <legend className="only-for-readers">{SETTING_WORDS.models.name}</legend>
          {models.map((model) => (
            <label key={model} className="model">
              <input
                type="checkbox"
                checked={chosen.includes(model)}
                onChange={(event) => toggle(model, event.target.checked)}
              />
              <span className="mono">{model}</span>
            </label>
          ))}
          {models.length === 0 && <span className="setting-text">No model is here yet.</span>}
        </fieldset>
      )}
    </SettingRow>
  )
}

const MAX_PORT = 65_535

export function PortRow({ state, onChange }: ControlProps): ReactNode {
  const saved = String(state.values.screenPort)
  const [typed, setTyped] = useState(saved)
  useEffect(() => setTyped(saved), [saved])
  const port = /^\d{1,5}$/.test(typed) ? Number(typed) : Number.NaN
  const isWrong = Number.isNaN(port) || port > MAX_PORT
  const rest = () => {
    if (isWrong) {
      setTyped(saved)
    } else if (String(port) !== saved) {
      onChange({ screenPort: port })
    }
  }
  return (
    <SettingRow name="screenPort" state={state}>
      {({ id, describedBy, isFixed }) => (
        <input
          id={id}
          className="input number port"
          type="text"
          inputMode="numeric"
          autoComplete="off"
          maxLength={5}
          disabled={isFixed}
          aria-describedby={describedBy}
          aria-invalid={isWrong}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={rest}
          onKeyDown={(event) => event.key === 'Enter' && rest()}
        />
      )}
    </SettingRow>
  )
}

const LEVELS = (['debug', 'info', 'warn', 'error'] as const).map((value) => ({ value, name: value }))

export function LevelRow({ state, onChange }: ControlProps): ReactNode {
  return (
    <SettingRow name="logLevel" state={state} wide>
      {({ id, isFixed }) => (
        <fieldset id={id} className="levels" disabled={isFixed}>
          <legend className="only-for-readers">{SETTING_WORDS.logLevel.name}</legend>
          <Segments
            legend={SETTING_WORDS.logLevel.name}
            group="log-level"
            segments={LEVELS}
            value={state.values.logLevel}
            onChange={(logLevel) => onChange({ logLevel })}
          />
        </fieldset>
      )}
    </SettingRow>
  )
}
