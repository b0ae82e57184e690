/** Runs the built app as its own process, as `npm start` would, and stops it again. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'

const STARTED = z.object({
  event: z.literal('started'),
  link: z.url(),
  rpc: z.url(),
  screen: z.url(),
  p2p: z.array(z.string()),
  openai: z.url(),
  apiKey: z.string().startsWith('tr-'),
})
export type Started = z.infer<typeof STARTED>

export interface AppProcess {
  readonly started: Started
  readonly pid: number
  /** Asks it to stop and waits; the exit code. */
  stop(signal?: 'SIGTERM' | 'SIGINT'): Promise<number | null>
}

export interface AppOptions {
  readonly program: string
  readonly home: string
  readonly allowSoftwareAdapter?: boolean
  /** Further arguments of `tailrace start`. */
  readonly args?: readonly string[]
  readonly say: (line: string) => void
}

const START_TIMEOUT_MS = 90_000

export async function startApp(options: AppOptions): Promise<AppProcess> {
  const first = ['start', '--home', options.home, '--screen-port', '0', '--no-open', '--json']
  const software = options.allowSoftwareAdapter === false ? [] : ['--allow-software-adapter']
  const args = [options.program, ...first, ...software, ...(options.args ?? [])]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  createInterface({ input: child.stderr }).on('line', (line) => options.say(`app: ${line}`))
  const started = await readStarted(child)
  return { started, pid: child.pid ?? 0, stop: (signal) => stopProcess(child, signal) }
}

export function stopProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve(child.exitCode)
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    child.once('exit', (code) => {
      clearTimeout(timer)
      resolve(code)
    })
    child.kill(signal)
  })
}

function readStarted(child: ChildProcess): Promise<Started> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error('the app did not start in time'))
    }, START_TIMEOUT_MS)
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`the app stopped while starting (${signal ?? code})`))
    })
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const parsed = line.startsWith('{') ? STARTED.safeParse(JSON.parse(line)) : undefined
        if (parsed?.success === true) {
          clearTimeout(timer)
          resolve(parsed.data)
        }
      })
    }
  })
}
