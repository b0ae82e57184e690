/**
 * Set up before each Node test file. The files of one worker share its modules and its process (`isolate: false` in vitest.config.ts):
 * loading everything anew for each took more than half of a run. What a file leaves changed for those after it is therefore its own
 * failure: a global that is another one, the environment, the working directory, a listener of the process. A test that must change one of
 * these gives it back (`vi.unstubAllEnvs`, `vi.useRealTimers`). Globals that libraries add when they are first loaded are no change.
 */
import { afterAll, expect } from 'vitest'

type Values = ReadonlyMap<string, unknown>

/** Where a change of one property would reach every file after it. */
const SHARED = { globalThis, Object, Array, Promise, Date, Math, JSON, Uint8Array, console, process }

function readGlobals(): Values {
  const values = new Map<string, unknown>()
  const note = (name: string, owner: object): void => {
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      // What is read through a getter may be made when it is first asked for.
      if ('value' in property) values.set(`${name}.${key}`, property.value)
    }
  }
  for (const [name, owner] of Object.entries(SHARED)) {
    note(name, owner)
    if (typeof owner === 'function') note(`${name}.prototype`, owner.prototype)
  }
  return values
}

function readProcess(): Readonly<Record<string, unknown>> {
  return {
    environment: { ...process.env },
    folder: process.cwd(),
    listeners: Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)])),
  }
}

/** Names of what was there before and is another thing now, or gone. */
function changedNames(before: Values, after: Values): string[] {
  return [...before.keys()].filter((name) => !Object.is(before.get(name), after.get(name)))
}

const globals = readGlobals()
const ofProcess = readProcess()

afterAll(() => {
  expect(changedNames(globals, readGlobals()), 'globals that this file left changed').toEqual([])
  expect(readProcess(), 'what this file left changed of the process').toEqual(ofProcess)
})
