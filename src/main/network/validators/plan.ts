/** Who is in a network of validators on this computer and which ports they use: written once, so that a restart finds its peers again. */
import { join } from 'node:path'
import { z } from 'zod'
import { CodedError } from '../../../lib/coded-error.ts'
import type { Rng } from '../../../lib/runtime.ts'
import { readPrivateJson, writePrivateJson } from '../../private-file.ts'
import { findServerPorts } from '../free-port.ts'

const PORT = z.int().min(1).max(65_535)
const VALIDATOR = z.strictObject({
  rpc: PORT,
  p2p: PORT,
  cometMetrics: PORT,
  appMetrics: PORT,
  abci: PORT,
  /** Of the host that owns the validator. */
  hostP2p: PORT,
})
const PLAN = z.strictObject({
  version: z.literal(1),
  validators: z.array(VALIDATOR).min(1).max(16),
  hosts: z.array(z.strictObject({ p2p: PORT })).max(32),
  gateway: z.strictObject({ api: PORT, p2p: PORT }),
})
export type ValidatorPlan = z.infer<typeof PLAN>

/** Of the time that a host races: seven of them leave two cores room for everything else. */
export const LOW_DUTY_PPM = 20_000
export const NETWORK_LIMITS = { validators: 16, hosts: 32 } as const
const PORTS_OF_VALIDATOR = 6

/** Undefined where no network was begun in this folder. @throws CodedError `damaged_file` */
export function readPlan(home: string): ValidatorPlan | undefined {
  return readPrivateJson(planFile(home), PLAN)
}

/**
 * The plan as stored, or a new one. @throws CodedError `network_mismatch` where the stored one has other numbers,
 * `no_free_port`, `damaged_file`
 */
export async function settlePlan(
  home: string,
  wanted: { readonly validators: number; readonly hosts: number },
  rng: Rng,
): Promise<ValidatorPlan> {
  const stored = readPlan(home)
  if (stored !== undefined) {
    const { length: validators } = stored.validators
    const { length: hosts } = stored.hosts
    if (validators !== wanted.validators || hosts !== wanted.hosts) {
      throw new CodedError(
        'network_mismatch',
        `the network in ${home} has ${validators} validators and ${hosts} further hosts`,
        { fields: { home, validators, hosts } },
      )
    }
    return stored
  }
  const plan = await newPlan(wanted, rng)
  writePrivateJson(planFile(home), plan)
  return plan
}

async function newPlan(
  { validators, hosts }: { readonly validators: number; readonly hosts: number },
  rng: Rng,
): Promise<ValidatorPlan> {
  const ports = await findServerPorts(validators * PORTS_OF_VALIDATOR + hosts + 2, rng)
  const next = (): number => ports.shift() ?? 0
  return {
    version: 1,
    validators: Array.from({ length: validators }, () => ({
      rpc: next(),
      p2p: next(),
      cometMetrics: next(),
      appMetrics: next(),
      abci: next(),
      hostP2p: next(),
    })),
    hosts: Array.from({ length: hosts }, () => ({ p2p: next() })),
    gateway: { api: next(), p2p: next() },
  }
}

export function planFile(home: string): string {
  return join(home, 'validators.json')
}

/** Folder of a validator's node, counted from 1. */
export function validatorHome(home: string, index: number): string {
  return join(home, `validator-${index + 1}`)
}

/** Folder of the host that owns it. */
export function validatorHostHome(home: string, index: number): string {
  return join(home, `validator-host-${index + 1}`)
}

export function hostHome(home: string, index: number): string {
  return join(home, `host-${index + 1}`)
}

export function gatewayHome(home: string): string {
  return join(home, 'gateway')
}

/** Of the account that the genesis funds. */
export function developerHome(home: string): string {
  return join(home, 'developer')
}
