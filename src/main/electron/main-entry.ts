/** Entry of Electron's main process: opens nothing and decides nothing; it hands the platform to desktop.ts. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defaultHome } from '../data-folder.ts'
import { createFileLogger } from '../file-logger.ts'
import { settingsFile } from '../settings/settings-store.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../system.ts'
import { openVault } from '../wallet/open-vault.ts'
import type { DesktopFiles } from './desktop.ts'
import { startDesktop } from './desktop.ts'
import { parseDesktopArguments } from './desktop-arguments.ts'
import { ELECTRON } from './electron-api.ts'
import type { AutostartPort } from './system/autostart.ts'
import { createLoginItem, createXdgAutostart } from './system/autostart.ts'
import { createSafeStore } from './system/safe-store.ts'
import { NO_UPDATES } from './system/updates.ts'

const { env, platform } = process
const { app } = ELECTRON
const args = parseDesktopArguments(process.argv.slice(1))
const home = args.home ?? join(defaultHome(env, platform), 'local-network')
const logFolder = join(home, 'logs')

// Chromium's own files lie beside ours; two data folders are two applications.
app.setPath('userData', join(home, 'desktop'))

const logger = createFileLogger({ folder: logFolder, name: 'desktop' })

startDesktop(
  {
    electron: ELECTRON,
    clock: SYSTEM_CLOCK,
    logger,
    openVault: () =>
      openVault(
        { clock: SYSTEM_CLOCK, rng: SYSTEM_RNG, logger, store: createSafeStore(ELECTRON.safeStorage, platform) },
        // As memberHome(home, 'app') of local-network.ts, without the network that comes with that file.
        { home: join(home, 'app'), network: 'local' },
      ),
    autostart: app.isPackaged ? autostartOf() : undefined,
    updates: NO_UPDATES,
    say: (line) => process.stderr.write(`${line}\n`),
  },
  {
    core: {
      home,
      logFolder,
      rpcPort: args.rpcPort,
      settingsFile: settingsFile(args.home, env, platform),
      flags: args.allowSoftwareAdapter ? { allowSoftwareAdapter: true } : {},
    },
    files: builtFiles(),
    platform,
    isHidden: args.isHidden,
  },
)

function autostartOf(): AutostartPort {
  return platform === 'linux'
    ? createXdgAutostart({
        configHome: env.XDG_CONFIG_HOME || join(app.getPath('home'), '.config'),
        // An AppImage unpacks itself into a folder that is gone at the next start.
        program: env.APPIMAGE || process.execPath,
      })
    : createLoginItem(app)
}

/** The build puts this file, the core, preload and `tailrace` side by side in dist/node. */
function builtFiles(): DesktopFiles {
  const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  return {
    core: at('./desktop-core.js'),
    program: at('./tailrace.js'),
    preload: at('./desktop-preload.cjs'),
    screenFolder: at('../screen'),
    modelsFolder: at('../../models'),
    icon: at('../../build/icon.png'),
    trayIcon: at(platform === 'darwin' ? '../../build/trayTemplate.png' : '../../build/tray.png'),
  }
}
