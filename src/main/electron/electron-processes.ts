/** utilityProcess behind ForkProcess: the core, and the members of the local network, each a file of the packed application. */
import { createInterface } from 'node:readline'
import type { ForkedProcess, ForkProcess } from './core/forked-process.ts'
import type { ElectronApi } from './electron-api.ts'

export interface ProgramFiles {
  /** Entry of the core process. */
  readonly core: string
  /** `tailrace`, whose subcommands are the members of the local network. */
  readonly program: string
}

/** `logFolder`: where the core writes until it knows its options. */
export function createForkProcess(
  { utilityProcess }: Pick<ElectronApi, 'utilityProcess'>,
  files: ProgramFiles,
  logFolder: string,
): ForkProcess {
  return (request) => {
    const isCore = request.kind === 'core'
    const child = utilityProcess.fork(isCore ? files.core : files.program, isCore ? [logFolder] : [...request.args], {
      serviceName: isCore ? 'tailrace-core' : `tailrace-${request.name}`,
      stdio: 'pipe',
    })
    return forkedProcessOf(child)
  }
}

function forkedProcessOf(child: Electron.UtilityProcess): ForkedProcess {
  let exitCode: number | undefined
  const onExit: ((code: number) => void)[] = []
  child.once('exit', (code) => {
    exitCode = code
    for (const listener of onExit.splice(0)) {
      listener(code)
    }
  })
  return {
    // Ports come from MessageChannelMain (page-ports.ts, desktop.ts): nobody else makes any.
    post: (message, ports) => child.postMessage(message, ports as Electron.MessagePortMain[]),
    onMessage: (listener) => child.on('message', listener),
    onStart: (listener) => child.once('spawn', () => listener(child.pid ?? 0)),
    onLine(listener) {
      for (const stream of ['stdout', 'stderr'] as const) {
        const input = child[stream]
        if (input !== null) {
          createInterface({ input }).on('line', (text) => listener(stream, text))
        }
      }
    },
    onExit(listener) {
      if (exitCode === undefined) {
        onExit.push(listener)
      } else {
        listener(exitCode)
      }
    },
    kill() {
      const { pid } = child
      if (exitCode === undefined && !(pid !== undefined && killAtOnce(pid))) {
        child.kill()
      }
    },
  }
}

/** `UtilityProcess.kill` asks with SIGTERM on POSIX; a process that hangs does not hear that. */
function killAtOnce(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    // It ended while we looked.
    return false
  }
}
