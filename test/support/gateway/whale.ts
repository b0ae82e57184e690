import { readFileSync } from 'node:fs'
import type { GatewayModel } from '../../../src/gateway/ports.ts'
import { decodeManifest } from '../../../src/models/manifest.ts'
import { createModelText } from '../../../src/models/text.ts'

const FOLDER = new URL('../../../models/whale-0.9m/', import.meta.url)

/** The built-in demo model as the gateway sees it: its real tokenizer and limits. */
export function readWhale(): GatewayModel {
  const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8')
  const manifest = decodeManifest(read('manifest.json'))
  const text = createModelText(read(manifest.tokenizer), read(manifest.tokenizerConfig))
  return { ...manifest, createdAt: 1_767_225_600, text }
}
