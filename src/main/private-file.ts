/** Small private JSON files (0600) against a schema; writing is atomic (chain-node/private-file.ts). */
import { dirname } from 'node:path'
import type { z } from 'zod'
import { ensureFolder, readTextFile, SECRET_MODE, writeTextFile } from '../chain-node/private-file.ts'
import { CodedError } from '../lib/coded-error.ts'
import { schemaVerdict } from '../lib/schema-verdict.ts'

const MAX_FILE_BYTES = 1024 * 1024

export function writePrivateJson(file: string, value: unknown): void {
  ensureFolder(dirname(file))
  writeTextFile(file, `${JSON.stringify(value, null, 2)}\n`, SECRET_MODE)
}

/**
 * The file's content against its schema, or undefined where there is no file.
 * @throws CodedError `damaged_file` where there is one that does not fit: it is never replaced in silence.
 */
export function readPrivateJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  const text = readTextFile(file, MAX_FILE_BYTES)
  if (text === undefined) {
    return undefined
  }
  const parsed = schemaVerdict(schema, parseJson(text))
  if (!parsed.success) {
    throw new CodedError('damaged_file', `${file} is damaged: restore it from a backup or move it away`, {
      fields: { file },
    })
  }
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema then refuses undefined, with the file's name.
    return undefined
  }
}
