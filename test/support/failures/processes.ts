/** Processes of one data folder, found as a person would find them: by their command lines. Linux. */
import { readdirSync, readFileSync } from 'node:fs'

/** Process ids whose command line names the folder as a whole path. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => argumentsOf(pid).includes(folder))
    .map(Number)
}

/** Of the children of a network in `home`. */
export function membersOf(home: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => argumentsOf(pid).some((argument) => argument.startsWith(`${home}/`)))
    .map(Number)
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // It ended while we looked.
    return []
  }
}
