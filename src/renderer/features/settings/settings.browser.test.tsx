import { afterEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { SettingsPatch, SettingsState } from '../../../ipc/wires/settings-wire.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { useScreen } from '../../state/use-screen.ts'
import { SettingsPage } from './settings-page.tsx'

let mounted: MountedScreen | undefined
afterEach(() => {
  mounted?.unmount()
  mounted = undefined
  localStorage.clear()
  document.documentElement.removeAttribute('data-theme')
})

function Shown() {
  const snapshot = useScreen((state) => state.snapshot)
  return snapshot === undefined ? null : <SettingsPage snapshot={snapshot} />
}

interface Mounted extends MountedScreen {
  readonly patches: SettingsPatch[]
  refuse(error: CodedError): void
}

function mountSettings(change: Partial<SettingsState> = {}, snapshot: Partial<ScreenSnapshot> = {}): Mounted {
  const first: ScreenSnapshot = { ...idleSnapshot(), ...snapshot }
  let current: SettingsState = { ...first.settings, ...change }
  const screen = mountScreen({ ...first, settings: current }, <Shown />)
  const patches: SettingsPatch[] = []
  let refusal: CodedError | undefined
  screen.host.client = {
    settings: {
      change: async (patch) => {
        patches.push(patch)
        const error = refusal
        refusal = undefined
        if (error !== undefined) {
          throw error
        }
        current = { ...current, values: { ...current.values, ...(patch as Partial<SettingsState['values']>) } }
        screen.show({ ...first, settings: current })
        return current
      },
    },
  }
  mounted = screen
  return {
    ...screen,
    patches,
    refuse: (error) => {
      refusal = error
    },
  }
}

const saved = () => page.getByTestId('saved')

describe('settings', () => {
  it('are saved at once and taken back', async () => {
    const { patches } = mountSettings()
    const notify = page.getByRole('switch', { name: 'When there is a newer version' })
    await expect.element(notify).toBeChecked()
    await notify.click()
    await expect.element(saved()).toMatchTextContent(/^Saved\. When there is a newer version: off/)
    await expect.element(notify).not.toBeChecked()
    await page.getByTestId('undo').click()
    await expect.element(saved()).toMatchTextContent(/^Taken back\. When there is a newer version: on/)
    await expect.element(notify).toBeChecked()
    expect(patches).toEqual([{ notifyUpdate: false }, { notifyUpdate: true }])
  })

  it('say what a share of the time means while it moves, and are saved where it rests', async () => {
    const { patches } = mountSettings()
    const slider = page.getByRole('slider', { name: 'Share of the time' })
    await expect.element(page.getByTestId('duty-words')).toMatchTextContent(/^All the time/)
    slider.element().focus()
    await userEvent.keyboard('{ArrowLeft>}{ArrowLeft}{ArrowLeft}{/ArrowLeft}')
    await expect.element(page.getByTestId('duty-words')).toMatchTextContent(/^\d+ % of each race/)
    await expect.element(saved()).toMatchTextContent(/Share of the time: \d+ %/)
    expect(patches.at(-1)?.dutyPpm).toBeLessThan(1_000_000)
    expect(slider.element().getAttribute('aria-valuetext')).toMatch(/% of each race/)
  })

  it('that a flag or the environment decides are shown and cannot be changed', async () => {
    const { settings } = idleSnapshot()
    mountSettings({ sources: { ...settings.sources, dutyPpm: 'flag', resumeAtStart: 'environment' } })
    await expect.element(page.getByRole('slider', { name: 'Share of the time' })).toBeDisabled()
    await expect.element(page.getByTestId('setting-dutyPpm')).toMatchTextContent(/option of the command/)
    await expect.element(page.getByRole('switch', { name: 'Go on where it was' })).toBeDisabled()
    await expect.element(page.getByTestId('setting-resumeAtStart')).toMatchTextContent(/environment variable/)
  })

  it('that this shell cannot do are not there, and what waits for the next start says so', async () => {
    const { show } = mountSettings({ atNextStart: ['screenPort'] })
    await expect.element(page.getByRole('switch', { name: 'Start with the computer' })).not.toBeInTheDocument()
    await expect.element(page.getByTestId('setting-screenPort')).toMatchTextContent(/at the next start/)
    const snapshot = idleSnapshot()
    show({ ...snapshot, shell: 'desktop', settings: { ...snapshot.settings, unavailable: [] } })
    await expect.element(page.getByRole('switch', { name: 'Start with the computer' })).toBeVisible()
    await expect.element(page.getByRole('switch', { name: 'Keep running in the tray' })).toBeVisible()
  })

  it('say in words what was refused, and change nothing then', async () => {
    const { refuse } = mountSettings()
    refuse(new CodedError('setting_fixed', 'x', { fields: { name: 'notifyFault', source: 'flag' } }))
    const notify = page.getByRole('switch', { name: /keeps it from earning/ })
    await notify.click()
    await expect.element(page.getByTestId('settings-fault')).toMatchTextContent(/stays as it is/)
    await expect.element(notify).toBeChecked()
    refuse(new CodedError('connection_lost', 'x'))
    await notify.click()
    await expect.element(page.getByTestId('settings-fault')).toMatchTextContent(/^The host did not answer/)
  })

  it('take a port that is one, and go back to the old one otherwise', async () => {
    const { patches } = mountSettings()
    const port = page.getByRole('textbox', { name: 'Port of this screen' })
    await port.fill('99999')
    await expect.element(port).toHaveAttribute('aria-invalid', 'true')
    await userEvent.keyboard('{Enter}')
    await expect.element(port).toHaveValue('7345')
    await port.fill('0')
    await userEvent.keyboard('{Enter}')
    await expect.element(saved()).toMatchTextContent(/Port of this screen: 0/)
    expect(patches).toEqual([{ screenPort: 0 }])
  })

  it('turn models on and off, and choose what the logs keep', async () => {
    const { patches } = mountSettings()
    await page.getByRole('checkbox', { name: 'whale-0.9m' }).click()
    await expect.element(saved()).toMatchTextContent(/Models to serve: none/)
    await page.getByTestId('undo').click()
    await expect.element(page.getByRole('checkbox', { name: 'whale-0.9m' })).toBeChecked()
    await page.getByText('debug', { exact: true }).click()
    await expect.element(saved()).toMatchTextContent(/What the logs keep: debug/)
    expect(patches).toEqual([{ models: [] }, { models: ['whale-0.9m'] }, { logLevel: 'debug' }])
  })

  it('tell where everything lies, which version this is, and of a newer one', async () => {
    const { show } = mountSettings()
    await expect.element(page.getByText('~/.config/tailrace/settings.json')).toBeVisible()
    await expect.element(page.getByTestId('version')).toMatchTextContent(/Tailrace 0\.1\.0.*No newer one is known/)
    show({ ...idleSnapshot(), update: { version: '0.2.0', state: 'available' } })
    await expect.element(page.getByTestId('version')).toMatchTextContent(/Version 0\.2\.0 can be had/)
    await page.getByTitle('Dark').click()
    expect(document.documentElement.dataset.theme).toBe('dark')
  })
})
