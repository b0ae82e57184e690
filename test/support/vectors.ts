import { readFileSync } from 'node:fs'

/** A file of test/vectors, parsed. The caller names its shape; each file says where its values come from. */
export function readVectors<T>(name: string): T & { readonly origin: unknown } {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))
}
