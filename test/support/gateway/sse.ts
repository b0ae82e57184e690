/** Events of a server-sent stream as the standard has it: `data` lines joined, comments left out. Written for tests alone. */
export async function readEvents(response: Response): Promise<string[]> {
  return parseEvents(await response.text())
}

export function parseEvents(text: string): string[] {
  return text
    .split('\n\n')
    .map((block) =>
      block
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).replace(/^ /, ''))
        .join('\n'),
    )
    .filter((data) => data !== '')
}

export interface ChunkLike {
  readonly choices?: readonly {
    readonly index: number
    readonly delta?: { readonly role?: string; readonly content?: string }
    readonly text?: string
    readonly finish_reason: string | null
  }[]
  readonly error?: { readonly code: string; readonly message: string; readonly type: string }
  readonly usage?: unknown
}

/** Parsed events without the end marker. */
export function parseChunks(events: readonly string[]): ChunkLike[] {
  return events.filter((data) => data !== '[DONE]').map((data) => JSON.parse(data) as ChunkLike)
}

/** The text of one choice over all chunks. */
export function textOf(chunks: readonly ChunkLike[], index = 0): string {
  return chunks
    .flatMap((chunk) => chunk.choices ?? [])
    .filter((choice) => choice.index === index)
    .map((choice) => choice.delta?.content ?? choice.text ?? '')
    .join('')
}
