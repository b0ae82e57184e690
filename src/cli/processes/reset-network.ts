import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { lockHome } from '../../main/data-folder.ts'
import { putAwayFiles } from '../../main/wallet/owner-files.ts'

/** Everything of the local network, but not the keys and the settings of this computer's own host. @throws CodedError `already_running` */
export function resetNetwork(home: string): void {
  const lock = lockHome(home)
  try {
    const parts = [
      'node',
      'companion-1',
      'companion-2',
      'developer',
      'gateway',
      'models',
      join('app', 'work.sqlite'),
      join('app', 'work.sqlite-wal'),
      'network.json',
      join('app', 'memory.json'),
      ...putAwayFiles(join(home, 'app')).map((name) => join('app', name)),
      'logs',
    ]
    for (const part of parts) {
      rmSync(join(home, part), { recursive: true, force: true })
    }
  } finally {
    lock.release()
  }
}
