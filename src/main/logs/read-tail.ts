/**
 * The newest lines of a file, read from its end in pieces. Invariant: neither the file's size nor the length of a line decides how much
 * memory this takes; a line that is longer than a piece is left out whole, never shown in part.
 */
import type { FileHandle } from 'node:fs/promises'
import type { LogLine } from '../../ipc/wires/machine-wire.ts'
import { parseLogLine } from './log-line.ts'

export interface TailLimits {
  /** Lines at most. */
  readonly lines: number
  /** Characters of all of them, as JSON, at most. */
  readonly characters: number
  /** Bytes that are looked at, from the end. */
  readonly scannedBytes: number
}

export interface Tail {
  /** Oldest first. */
  readonly lines: readonly LogLine[]
  /** Older lines of the file were not looked at. */
  readonly isCut: boolean
}

const PIECE_BYTES = 64 * 1024
const NEWLINE = 0x0a

/** `shape`: what a line becomes; undefined leaves it out and takes no room. */
export async function readTail(
  file: FileHandle,
  limits: TailLimits,
  shape: (line: LogLine) => LogLine | undefined,
): Promise<Tail> {
  const { size } = await file.stat()
  const newest: LogLine[] = []
  let characters = 0
  for await (const bytes of linesBackwards(file, size, limits.scannedBytes)) {
    const parsed = parseLogLine(bytes.toString('utf8'))
    const line = parsed === undefined ? undefined : shape(parsed)
    if (line === undefined) {
      continue
    }
    characters += JSON.stringify(line).length
    if (newest.length === limits.lines || characters > limits.characters) {
      return { lines: newest.reverse(), isCut: true }
    }
    newest.push(line)
  }
  return { lines: newest.reverse(), isCut: size > limits.scannedBytes }
}

/** Lines of at most a piece, newest first. The first line of what is looked at may begin before it and is left out then. */
async function* linesBackwards(file: FileHandle, size: number, scannedBytes: number): AsyncGenerator<Buffer, void> {
  const first = Math.max(0, size - scannedBytes)
  let end = size
  /** What was read of the line that goes on in the piece before; undefined once it is longer than a piece. */
  let rest: Buffer | undefined = Buffer.alloc(0)
  while (end > first) {
    const start = Math.max(first, end - PIECE_BYTES)
    const piece = await readPiece(file, start, end)
    end = start
    let lineEnd = piece.length
    for (let newline = piece.lastIndexOf(NEWLINE); newline >= 0; ) {
      if (rest !== undefined) {
        yield Buffer.concat([piece.subarray(newline + 1, lineEnd), rest])
      }
      rest = Buffer.alloc(0)
      lineEnd = newline
      newline = newline === 0 ? -1 : piece.lastIndexOf(NEWLINE, newline - 1)
    }
    const isLong: boolean = rest === undefined || rest.length + lineEnd > PIECE_BYTES
    rest = isLong || rest === undefined ? undefined : Buffer.concat([piece.subarray(0, lineEnd), rest])
  }
  if (first === 0 && rest !== undefined) {
    yield rest
  }
}

/** @returns what the file still holds there; shorter where it was cut in between */
async function readPiece(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const piece = Buffer.alloc(end - start)
  const { bytesRead } = await file.read(piece, 0, piece.length, start)
  return piece.subarray(0, bytesRead)
}
