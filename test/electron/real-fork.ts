/** Forks that run: the core as a worker thread, which can be handed message ports, a member of the network as a process. */
import { fork } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { FakeFork } from './fake-electron.ts'
import type { FakePortMain } from './fake-port.ts'

const SHIM = new URL('./utility-shim.mjs', import.meta.url)

export const realFork: FakeFork = (modulePath, args, options) =>
  options.serviceName === 'tailrace-core' ? forkWorker(modulePath, args) : forkProcess(modulePath, args)

function forkWorker(program: string, args: readonly string[]): EventEmitter {
  const worker = new Worker(SHIM, { workerData: { program, args }, stdout: true, stderr: true })
  const child = Object.assign(new EventEmitter(), {
    pid: undefined,
    stdout: worker.stdout,
    stderr: worker.stderr,
    postMessage: (data: unknown, ports: readonly FakePortMain[] = []) => {
      const inner = ports.map((port) => port.inner)
      worker.postMessage({ data, ports: inner }, inner)
    },
    kill: () => void worker.terminate(),
  })
  worker.on('online', () => child.emit('spawn'))
  worker.on('message', (message) => child.emit('message', message))
  worker.on('error', (error) => process.stderr.write(`core: ${String(error)}\n`))
  worker.on('exit', (code) => child.emit('exit', code))
  return child
}

function forkProcess(program: string, args: readonly string[]): EventEmitter {
  const running = fork(fileURLToPath(SHIM), [program, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const child = Object.assign(new EventEmitter(), {
    pid: running.pid,
    stdout: running.stdout,
    stderr: running.stderr,
    postMessage: (data: unknown) => void (running.connected && running.send(data as string)),
    kill: () => running.kill('SIGKILL'),
  })
  running.on('spawn', () => child.emit('spawn'))
  running.on('message', (message) => child.emit('message', message))
  running.on('close', (code) => child.emit('exit', code ?? 1))
  return child
}
