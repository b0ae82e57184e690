/**
 * The core's half of forking: a utility process cannot fork another, so members of the local network are asked of main, which runs the
 * packed program with the given subcommand and passes on what the child says. Invariant: ids are never used twice.
 */
import type { ChildListener, SpawnChild } from '../../network/spawn-child.ts'
import type { ChildEvent, FromCore } from './core-wire.ts'
import { MEMBER_COMMANDS } from './core-wire.ts'

export interface ForkedChildren {
  readonly spawn: SpawnChild
  /** What main says of a child; unknown ids are of children that are gone. */
  receive(id: number, event: ChildEvent): void
}

interface Child {
  readonly listener: ChildListener
  pid: number | undefined
  isRunning: boolean
}

export function createForkedChildren(post: (message: FromCore) => void): ForkedChildren {
  const children = new Map<number, Child>()
  let nextId = 1
  return {
    spawn({ name, args }, listener) {
      const id = nextId++
      const child: Child = { listener, pid: undefined, isRunning: true }
      children.set(id, child)
      const [first, ...rest] = args
      const command = MEMBER_COMMANDS.find((known) => known === first)
      if (command === undefined) {
        child.isRunning = false
        children.delete(id)
        // After the caller has its handle.
        queueMicrotask(() => listener.exit(`no member is started as ${first}`))
      } else {
        post({ type: 'fork', id, name, args: [command, ...rest] })
      }
      return {
        get pid() {
          return child.isRunning ? child.pid : undefined
        },
        get isRunning() {
          return child.isRunning
        },
        terminate: () => post({ type: 'end_child', id, force: false }),
        kill: () => post({ type: 'end_child', id, force: true }),
      }
    },
    receive(id, event) {
      const child = children.get(id)
      switch (event.kind) {
        case 'started':
          if (child !== undefined) {
            child.pid = event.pid
          }
          return
        case 'line':
          return child?.listener.line(event.text)
        case 'log':
          return child?.listener.log(event.text)
        case 'exit':
          children.delete(id)
          if (child !== undefined) {
            child.isRunning = false
            child.listener.exit(event.reason)
          }
      }
    },
  }
}
