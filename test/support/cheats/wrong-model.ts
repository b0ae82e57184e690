/**
 * A host that answers with a cheaper model: the built-in weights rounded to 4 bits, under the name of the real one. Wraps the
 * inference port: it generates with the cheap model and checks others with the real one, so that only its own work is false.
 */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelManifest } from '../../../src/models/manifest.ts'
import { decodeManifest, encodeManifest } from '../../../src/models/manifest.ts'
import type { InferencePort } from '../../../src/protocol/inference.ts'
import { roundToFourBits } from './four-bit-model.ts'

export function serveWrongModel(honest: InferencePort, cheap: InferencePort): InferencePort {
  return {
    async load(model, signal) {
      await cheap.load(model, signal)
      return honest.load(model, signal)
    },
    generate: (job, listener, signal) => cheap.generate(job, listener, signal),
    score: (job, signal) => honest.score(job, signal),
  }
}

/** A folder of models like `from`, its graphs rounded, its manifests saying so. */
export function roundModels(from: string, to: string, models: readonly string[]): void {
  for (const model of models) {
    const folder = join(to, model)
    mkdirSync(folder, { recursive: true })
    cpSync(join(from, model), folder, { recursive: true })
    const manifest = decodeManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'))
    const graph = join(folder, manifest.graph)
    const rounded = roundToFourBits(readFileSync(graph))
    writeFileSync(graph, rounded)
    writeFileSync(join(folder, 'manifest.json'), encodeManifest(withFile(manifest, rounded)))
  }
}

function withFile(manifest: ModelManifest, graph: Uint8Array): ModelManifest {
  const chunks: string[] = []
  for (let from = 0; from < graph.length; from += manifest.chunkBytes) {
    chunks.push(sha256Hex(graph.subarray(from, from + manifest.chunkBytes)))
  }
  const files = manifest.files.map((file) =>
    file.path === manifest.graph ? { ...file, sha256: sha256Hex(graph), chunks } : file,
  )
  return { ...manifest, files }
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
