/**
 * What a person can choose. Invariant: a change is saved at once, says what it did and can be taken back; what a flag or the environment
 * decides is shown and cannot be changed; what this shell cannot do is not shown. Read next: setting-words.ts, use-settings.ts.
 */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { ThemeChoice } from '../app/theme-choice.tsx'
import { TourAgain } from '../tour/tour-again.tsx'
import { AboutPanel } from './about-panel.tsx'
import type { ControlProps } from './setting-controls.tsx'
import { DutyRow, LevelRow, ModelsRow, PortRow, SwitchRow } from './setting-controls.tsx'
import type { ShownSetting } from './setting-words.ts'
import { SETTING_GROUPS, settingsOf } from './setting-words.ts'
import type { SettingsUse } from './use-settings.ts'
import { useSettings } from './use-settings.ts'
import '../flow/flow.css'
import './settings.css'

export function SettingsPage({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const settings = useSettings(snapshot.settings)
  const { state, change } = settings
  const known = (snapshot.work?.services ?? []).map(({ model }) => model)
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Settings</h1>
        <p className="page-text">Saved as you choose. Nothing here needs a second click.</p>
      </header>
      <div className="settings">
        {SETTING_GROUPS.map((group) => {
          const names = settingsOf(group, state)
          return names.length === 0 ? null : (
            <section key={group} className="panel" aria-label={group}>
              <h2 className="panel-title setting-group">{group}</h2>
              {names.map((name) => (
                <Setting key={name} name={name} known={known} state={state} onChange={change} />
              ))}
            </section>
          )
        })}
        <Appearance />
        <AboutPanel snapshot={snapshot} file={state.file} />
      </div>
      <SavedLine settings={settings} />
      <div role="alert" data-testid="settings-fault">
        {settings.fault !== undefined && <p className="flow-fault">{settings.fault}</p>}
      </div>
    </>
  )
}

function Setting({
  name,
  known,
  ...props
}: ControlProps & { readonly name: ShownSetting; readonly known: readonly string[] }): ReactNode {
  switch (name) {
    case 'dutyPpm':
      return <DutyRow {...props} />
    case 'models':
      return <ModelsRow known={known} {...props} />
    case 'screenPort':
      return <PortRow {...props} />
    case 'logLevel':
      return <LevelRow {...props} />
    default:
      return <SwitchRow name={name} {...props} />
  }
}

function Appearance(): ReactNode {
  return (
    <section className="panel" aria-label="Appearance">
      <h2 className="panel-title setting-group">Appearance</h2>
      <div className="pref">
        <div className="setting-words">
          <p className="setting-name">Colours</p>
          <p className="setting-text">As the system has them, light, or dark. Kept in this browser.</p>
        </div>
        <div className="setting-control">
          <ThemeChoice />
        </div>
      </div>
      <div className="pref">
        <div className="setting-words">
          <p className="setting-name">First steps</p>
          <p className="setting-text">Three steps that show what is where.</p>
        </div>
        <div className="setting-control">
          <TourAgain />
        </div>
      </div>
    </section>
  )
}

/** What was saved last, and the way back. */
function SavedLine({ settings }: { readonly settings: SettingsUse }): ReactNode {
  return (
    <div className="saved" role="status" data-testid="saved" data-empty={settings.saved === undefined}>
      {settings.saved !== undefined && (
        <>
          <span>{settings.saved.text}</span>
          {settings.saved.undo !== undefined && (
            <button
              type="button"
              className="button button-small"
              data-testid="undo"
              disabled={settings.isBusy}
              onClick={settings.undo}
            >
              Undo
            </button>
          )}
        </>
      )}
    </div>
  )
}
