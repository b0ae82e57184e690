/** Starting with the session of the operating system: its own setting on Windows and macOS, an XDG autostart file on Linux. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CodedError } from '../../../lib/coded-error.ts'

/** A start by the session opens no window. */
export const HIDDEN_ARGUMENT = '--hidden'

export interface AutostartPort {
  isOn(): boolean
  /** @throws CodedError `autostart_failed` */
  set(isOn: boolean): void
}

/** Windows and macOS. */
export function createLoginItem(
  app: Pick<Electron.App, 'getLoginItemSettings' | 'setLoginItemSettings'>,
): AutostartPort {
  const options = { args: [HIDDEN_ARGUMENT] }
  return {
    isOn: () => app.getLoginItemSettings(options).openAtLogin,
    set: (isOn) => app.setLoginItemSettings({ openAtLogin: isOn, ...options }),
  }
}

export interface XdgOptions {
  /** `$XDG_CONFIG_HOME`, or `~/.config`. */
  readonly configHome: string
  /** The program as the person started it: of an AppImage the image, not what it unpacked. */
  readonly program: string
}

/** Linux: freedesktop.org's Desktop Application Autostart. */
export function createXdgAutostart({ configHome, program }: XdgOptions): AutostartPort {
  const file = join(configHome, 'autostart', 'tailrace.desktop')
  const entry = autostartEntry(program)
  const stored = (): string | undefined => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      // Not there: off.
      return undefined
    }
  }
  return {
    isOn: () => stored() === entry,
    set(isOn) {
      try {
        if (isOn) {
          mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
          writeFileSync(file, entry, { mode: 0o644 })
        } else {
          rmSync(file, { force: true })
        }
      } catch (cause) {
        throw new CodedError('autostart_failed', `cannot write ${file}`, { cause, fields: { file } })
      }
    },
  }
}

/** The content of the file; the program is quoted as the Desktop Entry Specification wants it. */
export function autostartEntry(program: string): string {
  const quoted = `"${program.replace(/[\\"`$]/g, '\\$&').replaceAll('%', '%%')}"`
  // A value's own escapes come on top of the quoting's.
  const value = `${quoted} ${HIDDEN_ARGUMENT}`.replaceAll('\\', '\\\\')
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Tailrace',
    `Exec=${value}`,
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n')
}

/** Makes the system what the setting says, where it is not so yet. Returns whether something changed. */
export function applyAutostart(port: AutostartPort, wanted: boolean): boolean {
  if (port.isOn() === wanted) {
    return false
  }
  port.set(wanted)
  return true
}
