import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { repoRoot } from './files.ts'
import { builtInManifests } from './model-manifest.ts'

test('the manifests of the built-in models fit the files beside them', () => {
  const manifests = [...builtInManifests(repoRoot)]
  expect(manifests.map(([file]) => file.slice(repoRoot.length))).toEqual(['/models/whale-0.9m/manifest.json'])
  for (const [file, text] of manifests) {
    expect(readFileSync(file, 'utf8')).toBe(text)
  }
})
