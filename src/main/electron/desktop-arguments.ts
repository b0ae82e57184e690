/** What the desktop application takes on its command line. */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { HIDDEN_ARGUMENT } from './system/autostart.ts'

export interface DesktopArguments {
  /** A data folder that the person named. */
  readonly home: string | undefined
  readonly rpcPort: number
  readonly allowSoftwareAdapter: boolean
  /** Started by the session: no window until somebody asks for it. */
  readonly isHidden: boolean
}

const portSchema = z.coerce.number().int().min(0).max(65_535).catch(0)
const folderSchema = z.string().min(1).max(4_096).optional().catch(undefined)

/** What is not known is Chromium's, or the system's (macOS adds its own), and is left alone. */
export function parseDesktopArguments(argv: readonly string[]): DesktopArguments {
  const { values } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    options: {
      home: { type: 'string' },
      'rpc-port': { type: 'string' },
      'allow-software-adapter': { type: 'boolean' },
      [HIDDEN_ARGUMENT.slice(2)]: { type: 'boolean' },
    },
  })
  return {
    home: folderSchema.parse(values.home),
    rpcPort: portSchema.parse(values['rpc-port'] ?? 0),
    allowSoftwareAdapter: values['allow-software-adapter'] === true,
    isHidden: values[HIDDEN_ARGUMENT.slice(2)] === true,
  }
}
