/**
 * How a second `tailrace start` finds the first: the running instance leaves a private file with its endpoints and a control
 * secret; whoever can read that file may ask for a fresh link to the screen.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { hexSchema } from '../../ipc/wire.ts'
import { readPrivateJson, writePrivateJson } from '../private-file.ts'
import { LINK_PATH } from './screen-server.ts'

const ENDPOINTS_FILE = z.strictObject({
  version: z.literal(1),
  pid: z.int().positive(),
  rpc: z.url().max(256),
  screen: z.url().max(256),
  p2p: z.array(z.string().max(256)).max(16),
  openai: z.string().max(256).default(''),
  apiKey: z.string().max(64).default(''),
  control: hexSchema(32),
})
export type RunningInstance = z.infer<typeof ENDPOINTS_FILE>

const LINK_ANSWER = z.object({ link: z.url().max(512) })

export function writeRunningInstance(home: string, instance: Omit<RunningInstance, 'version'>): void {
  writePrivateJson(fileOf(home), { version: 1, ...instance })
}

export function removeRunningInstance(home: string): void {
  rmSync(fileOf(home), { force: true })
}

/** A fresh link to the screen of the instance that runs on this folder; undefined where none answers. */
export async function linkOfRunningInstance(
  home: string,
): Promise<({ link: string } & Omit<RunningInstance, 'version' | 'pid' | 'control'>) | undefined> {
  const instance = readPrivateJson(fileOf(home), ENDPOINTS_FILE)
  if (instance === undefined) {
    return undefined
  }
  try {
    const response = await fetch(`${instance.screen}${LINK_PATH}`, {
      method: 'POST',
      body: JSON.stringify({ control: instance.control }),
      signal: AbortSignal.timeout(5_000),
    })
    const { link } = LINK_ANSWER.parse(await response.json())
    const { rpc, p2p, screen, openai, apiKey } = instance
    return { link, rpc, p2p, screen, openai, apiKey }
  } catch {
    // It does not answer (still starting, stopping, or gone): the caller says that the folder is in use.
    return undefined
  }
}

function fileOf(home: string): string {
  return join(home, 'endpoints.json')
}
