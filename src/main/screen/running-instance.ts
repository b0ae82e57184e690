/**
 * How other programs of the same person find the running instance: it leaves a private file with its endpoints and a control secret;
 * whoever can read that file may ask what control-endpoint.ts answers.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { hexSchema } from '../../ipc/wire.ts'
import { readPrivateJson, writePrivateJson } from '../private-file.ts'
import type { ControlAnswer } from './control-endpoint.ts'
import { CONTROL_PATH, controlAnswerSchema } from './control-endpoint.ts'

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

const ANSWER_TIMEOUT_MS = 5_000

export function writeRunningInstance(home: string, instance: Omit<RunningInstance, 'version'>): void {
  writePrivateJson(fileOf(home), { version: 1, ...instance })
}

export function removeRunningInstance(home: string): void {
  rmSync(fileOf(home), { force: true })
}

/** What the file says of the instance on this folder; it may be gone. @throws CodedError `damaged_file` */
export function readRunningInstance(home: string): RunningInstance | undefined {
  return readPrivateJson(fileOf(home), ENDPOINTS_FILE)
}

/** Asks the instance; undefined where it does not answer (still starting, stopping, or gone). */
export async function askRunningInstance(
  instance: RunningInstance,
  ask: 'link' | 'session' | 'stop',
): Promise<ControlAnswer | undefined> {
  try {
    const response = await fetch(`${instance.screen}${CONTROL_PATH}`, {
      method: 'POST',
      body: JSON.stringify({ control: instance.control, ask }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    })
    return controlAnswerSchema.parse(await response.json())
  } catch {
    // Another program may have its port by now: whatever does not answer as an instance would is none.
    return undefined
  }
}

/** A fresh link to the screen of the instance that runs on this folder; undefined where none answers. */
export async function linkOfRunningInstance(
  home: string,
): Promise<({ link: string } & Omit<RunningInstance, 'version' | 'pid' | 'control'>) | undefined> {
  const instance = readRunningInstance(home)
  const answer = instance === undefined ? undefined : await askRunningInstance(instance, 'link')
  if (instance === undefined || answer?.link === undefined) {
    return undefined
  }
  const { rpc, p2p, screen, openai, apiKey } = instance
  return { link: answer.link, rpc, p2p, screen, openai, apiKey }
}

function fileOf(home: string): string {
  return join(home, 'endpoints.json')
}
