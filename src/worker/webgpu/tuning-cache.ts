import { list, record, text } from '../message-schema.ts'

/**
 * Remembered choices of tunings, by device and engine. What is stored is a name, looked up among the tunings that the device can run
 * today, and gated like any other: a damaged or foreign file can cost speed, never a digest.
 */
export interface TuningStore {
  /** Undefined where nothing is stored. */
  read(): Promise<string | undefined>
  write(contents: string): Promise<void>
}

export const MAX_ENTRIES = 32
/** Longer contents are not read. */
const MAX_CONTENTS = 65_536
const FILE = 'race-tunings.json'

const entries = record({ tunings: list(record({ key: text(512), name: text(128) }), MAX_ENTRIES) })

export class TuningCache {
  readonly #store: TuningStore | undefined
  #known: Promise<Map<string, string>> | undefined

  /** Without a store choices live as long as the worker. */
  constructor(store?: TuningStore) {
    this.#store = store
  }

  async find(key: string): Promise<string | undefined> {
    return (await this.#entries()).get(key)
  }

  /** A failure to store is none of the race: the choice is made again next time. */
  async keep(key: string, name: string): Promise<void> {
    const known = await this.#entries()
    known.delete(key)
    known.set(key, name)
    for (const oldest of [...known.keys()].slice(0, Math.max(0, known.size - MAX_ENTRIES))) {
      known.delete(oldest)
    }
    const tunings = [...known].map(([entryKey, entryName]) => ({ key: entryKey, name: entryName }))
    await this.#store?.write(JSON.stringify({ tunings })).catch(() => undefined)
  }

  #entries(): Promise<Map<string, string>> {
    this.#known ??= this.#load()
    return this.#known
  }

  async #load(): Promise<Map<string, string>> {
    try {
      const contents = await this.#store?.read()
      if (contents === undefined || contents.length > MAX_CONTENTS) {
        return new Map()
      }
      const { tunings } = entries.decode(JSON.parse(contents), 'race-tunings')
      return new Map(tunings.map(({ key, name }) => [key, name]))
    } catch {
      // No storage here, or contents that nobody of ours wrote: as if nothing were stored.
      return new Map()
    }
  }
}

/** The browser's private file system of this origin. */
export function createOpfsTuningStore(storage: StorageManager): TuningStore {
  return {
    async read() {
      const folder = await storage.getDirectory()
      const file = await (await folder.getFileHandle(FILE)).getFile()
      return file.size > MAX_CONTENTS ? undefined : file.text()
    },
    async write(contents) {
      const folder = await storage.getDirectory()
      const writable = await (await folder.getFileHandle(FILE, { create: true })).createWritable()
      await writable.write(contents)
      await writable.close()
    },
  }
}
