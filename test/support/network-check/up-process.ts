/** `tailrace network up` as a process of its own, as an operator runs it, and what its processes are called. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { NetworkUp } from '../../../src/cli/processes/network-line.ts'
import { NETWORK_UP } from '../../../src/cli/processes/network-line.ts'
import { stopProcess } from '../check/app-process.ts'

export interface NetworkPlan {
  /** Path of the built `tailrace.js`. */
  readonly program: string
  readonly home: string
  readonly validators: number
  readonly hosts: number
  readonly dutyPpm: number
  readonly say: (line: string) => void
}

export interface UpProcess {
  readonly up: NetworkUp
  /** Its exit code. */
  stop(): Promise<number | null>
}

const START_LIMIT_MS = 180_000

/** @throws Error where it ends or is not ready in time */
export async function startNetworkUp(plan: NetworkPlan): Promise<UpProcess> {
  const numbers = ['--validators', plan.validators, '--hosts', plan.hosts, '--duty-ppm', plan.dutyPpm].map(String)
  const args = [plan.program, 'network', 'up', '--home', plan.home, '--json', ...numbers]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  createInterface({ input: child.stderr }).on('line', (line) => plan.say(`network: ${line}`))
  const up = await new Promise<NetworkUp>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error('the network was not ready in time'))
    }, START_LIMIT_MS)
    const ended = (code: number | null): void => {
      clearTimeout(timer)
      reject(new Error(`the network ended while starting (${code})`))
    }
    child.once('exit', ended)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const parsed = line.startsWith('{') ? NETWORK_UP.safeParse(JSON.parse(line)) : undefined
      if (parsed?.success === true) {
        clearTimeout(timer)
        child.off('exit', ended)
        resolve(parsed.data)
      }
    })
  })
  return { up, stop: () => stopProcess(child) }
}
