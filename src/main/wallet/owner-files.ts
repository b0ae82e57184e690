/**
 * What a host keeps for one owner (its receipts and promises, its wish to take part) when its wallet is replaced: put away under the
 * owner's address, and found again when that wallet comes back. Invariant: `owner.json` says whose the files in place are; each step may
 * be repeated after a crash, and no step gives one owner's receipts to another.
 */
import { existsSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readPrivateJson, writePrivateJson } from '../private-file.ts'

const OWNED = ['work.sqlite-wal', 'work.sqlite-shm', 'work.sqlite', 'memory.json'] as const

const ADDRESS = z
  .string()
  .max(64)
  .regex(/^tail1[a-z0-9]+$/)
const MARKER = z.strictObject({
  version: z.literal(1),
  owner: ADDRESS,
  /** The files of `owner` were put away; those of this one are on their way in. */
  movingTo: ADDRESS.optional(),
})

type Rename = (from: string, to: string) => void

/** Called before the host opens any of its files. @throws CodedError `damaged_file` */
export function settleOwnerFiles(home: string, owner: string, rename: Rename = renameSync): void {
  const file = join(home, 'owner.json')
  const write = (marker: z.input<typeof MARKER>): void => writePrivateJson(file, marker)
  for (;;) {
    const marker = readPrivateJson(file, MARKER)
    if (marker === undefined) {
      write({ version: 1, owner })
      return
    }
    if (marker.movingTo !== undefined) {
      const { movingTo } = marker
      move(home, rename, (name) => ({ from: putAwayAs(name, movingTo), to: name }))
      write({ version: 1, owner: movingTo })
    } else if (marker.owner !== owner) {
      move(home, rename, (name) => ({ from: name, to: putAwayAs(name, marker.owner) }))
      write({ version: 1, owner: marker.owner, movingTo: owner })
    } else {
      return
    }
  }
}

/** Names of what lies in the folder for owners whose wallet is not in use. */
export function putAwayFiles(home: string): string[] {
  const names = existsSync(home) ? readdirSync(home) : []
  return names.filter((name) => OWNED.some((owned) => name.startsWith('tail1') && name.endsWith(`.${owned}`)))
}

function putAwayAs(name: string, owner: string): string {
  return `${owner}.${name}`
}

function move(
  home: string,
  rename: Rename,
  paths: (name: string) => { readonly from: string; readonly to: string },
): void {
  for (const name of OWNED) {
    const { from, to } = paths(name)
    if (existsSync(join(home, from))) {
      rename(join(home, from), join(home, to))
    }
  }
}
