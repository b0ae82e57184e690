import type { ChainEvent } from './application.ts'
import type { BlockContext } from './context.ts'

/** Events in the order in which they happened; values are text, as clients search them. */
export interface EventList {
  readonly list: ChainEvent[]
  readonly emit: BlockContext['emit']
}

export function createEventList(): EventList {
  const list: ChainEvent[] = []
  return {
    list,
    emit(type, attributes) {
      list.push({
        type,
        attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: String(value) })),
      })
    },
  }
}
