import type { RecordCodec } from './records.ts'

/**
 * Decodes the same bytes once. The state keeps each value as one byte string that nobody changes, so what was decoded from it
 * stands as long as the value itself does. What it gives is frozen: two readers may hold the same record.
 */
export function createRecordMemo<T extends object>(codec: RecordCodec<T>): (bytes: Uint8Array) => T {
  const known = new WeakMap<Uint8Array, T>()
  return (bytes) => {
    const before = known.get(bytes)
    if (before !== undefined) {
      return before
    }
    const record = codec.decode(bytes)
    freeze(record)
    known.set(bytes, record)
    return record
  }
}

/** Records are trees of plain objects, lists and byte strings; byte strings cannot be frozen. */
function freeze(value: object): void {
  Object.freeze(value)
  for (const part of Object.values(value) as unknown[]) {
    if (typeof part === 'object' && part !== null && !(part instanceof Uint8Array)) {
      freeze(part)
    }
  }
}
