/** The tray: what it shows for a state, as data; and the icon that shows it. */
import type { CoreState } from '../core/core-keeper.ts'
import type { CoreView } from '../core/core-wire.ts'
import { MENU_WORDS, stateWords } from '../desktop-words.ts'
import type { ElectronApi } from '../electron-api.ts'

export type TrayAction = 'open' | 'join' | 'leave' | 'quit' | 'quit_now'

export interface TrayItem {
  readonly label: string
  /** Absent: a line that only says something. */
  readonly action?: TrayAction
  readonly isEnabled: boolean
}

export interface TrayModel {
  readonly tooltip: string
  readonly items: readonly TrayItem[]
}

/** Pure. */
export function trayModelOf(core: CoreState, view: CoreView | undefined): TrayModel {
  const state = stateWords(core, view)
  const isUsable = core === 'running' && view !== undefined
  const isMember = view?.joined === true && !view.isFinishing && view.phase !== 'stopped_by_fault'
  const member: TrayItem = isMember
    ? { label: MENU_WORDS.leave, action: 'leave', isEnabled: isUsable }
    : { label: MENU_WORDS.join, action: 'join', isEnabled: isUsable && view.phase !== 'leaving' }
  const quit: TrayItem =
    core === 'stopping'
      ? { label: MENU_WORDS.quitNow, action: 'quit_now', isEnabled: true }
      : { label: MENU_WORDS.quit, action: 'quit', isEnabled: true }
  return {
    tooltip: `Tailrace: ${state}`,
    items: [
      { label: state, isEnabled: false },
      { label: MENU_WORDS.open, action: 'open', isEnabled: true },
      member,
      quit,
    ],
  }
}

export interface TrayIcon {
  show(model: TrayModel): void
  close(): void
}

/** Some Linux desktops have no tray: then this does nothing, and closing the window quits (desktop.ts). */
export function createTrayIcon(
  electron: Pick<ElectronApi, 'Tray' | 'Menu' | 'nativeImage'>,
  options: { readonly icon: string; readonly isTemplate: boolean },
  onAction: (action: TrayAction) => void,
): TrayIcon {
  const image = electron.nativeImage.createFromPath(options.icon)
  image.setTemplateImage(options.isTemplate)
  const tray = new electron.Tray(image)
  tray.on('click', () => onAction('open'))
  let shown = ''
  return {
    show(model) {
      // A menu that is replaced while it is open would close under the pointer.
      const next = JSON.stringify(model)
      if (next === shown) {
        return
      }
      shown = next
      tray.setToolTip(model.tooltip)
      tray.setContextMenu(
        electron.Menu.buildFromTemplate(
          model.items.map(({ label, action, isEnabled }) => ({
            label,
            enabled: isEnabled,
            ...(action === undefined ? {} : { click: () => onAction(action) }),
          })),
        ),
      )
    },
    close: () => tray.destroy(),
  }
}
