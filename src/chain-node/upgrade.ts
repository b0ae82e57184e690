/**
 * What a program does where an upgrade of the rules is due. Validators agree on a height and a version (Application.upgrade); a
 * program runs one version. Invariant: no block is made, judged or executed by a program of another version than the one that
 * block needs, so an old program stops with the state of the block before and a new one goes on from there.
 * Why it stops before the height instead of at it: docs/decisions/0022-snapshots-and-upgrades.md.
 */
import { rmSync } from 'node:fs'
import { z } from 'zod'
import { APP_VERSION } from '../chain/app-version.ts'
import type { Application } from '../chain/application.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import { PUBLIC_MODE, readTextFile, writeTextFile } from './private-file.ts'

/** What `home/upgrade.json` says to whoever finds the node stopped. */
export interface UpgradeNotice {
  /** First block under the new rules. */
  readonly height: number
  /** Version of the rules that the node needs. */
  readonly version: number
  /** Version that the stopped program runs. */
  readonly programVersion: number
  /** What validators wrote beside their vote: a name or an address of the program. */
  readonly name: string
}

const FILE_BYTES = 16 * 1024

const fileSchema = z.object({
  height: z.int().min(1),
  version: z.int().min(1),
  programVersion: z.int().min(0),
  name: z.string().max(1_024),
})

/**
 * Why a program that runs `programVersion` must not make, judge or execute block `height`; undefined where it may.
 * `upgrade_needed`: it is too old (fields height, version, programVersion, name). `upgrade_too_early`: too new, until fields.height.
 */
export function upgradeFault(
  application: Pick<Application, 'info' | 'upgrade'>,
  programVersion: number,
  height: bigint,
): CodedError | undefined {
  const { appVersion, height: lastHeight } = application.info()
  if (lastHeight === 0n) {
    return undefined
  }
  const plan = application.upgrade()
  const isDue = plan !== undefined && height >= plan.height
  const version = isDue ? plan.version : appVersion
  if (programVersion === version) {
    return undefined
  }
  const due = isDue ? plan.height : height
  const fields = { height: Number(due), version, programVersion, name: plan?.name ?? '' }
  if (programVersion < version) {
    const text = `block ${due} needs version ${version} of the rules, this program runs version ${programVersion}`
    return new CodedError('upgrade_needed', text, { fields })
  }
  const until =
    plan === undefined ? 'no upgrade is agreed on' : `version ${plan.version} begins with block ${plan.height}`
  return new CodedError(
    'upgrade_too_early',
    `the chain runs version ${version} of the rules and this program version ${programVersion}: ${until}`,
    { fields: { ...fields, height: Number(plan?.height ?? 0n) } },
  )
}

export function isUpgradeFault(error: unknown): error is CodedError {
  return ['upgrade_needed', 'upgrade_too_early'].includes(errorCode(error))
}

/** Leaves a note for people and scripts; the stop does not depend on it. @throws where the disk is full */
export function writeUpgradeNotice(home: string, { fields }: CodedError): void {
  const notice: UpgradeNotice = {
    height: Number(fields.height),
    version: Number(fields.version),
    programVersion: Number(fields.programVersion ?? APP_VERSION),
    name: String(fields.name ?? ''),
  }
  writeTextFile(noticeFile(home), `${JSON.stringify(notice, null, 2)}\n`, PUBLIC_MODE)
}

/** Undefined where the node did not stop for an upgrade, or the note is damaged. */
export function readUpgradeNotice(home: string): UpgradeNotice | undefined {
  const text = readTextFile(noticeFile(home), FILE_BYTES)
  try {
    const parsed = fileSchema.safeParse(JSON.parse(text ?? 'null'))
    return parsed.success ? parsed.data : undefined
  } catch {
    // Not JSON: the note is for people, the state says what is due.
    return undefined
  }
}

/** For a program that may go on. */
export function clearUpgradeNotice(home: string): void {
  rmSync(noticeFile(home), { force: true })
}

function noticeFile(home: string): string {
  return `${home}/upgrade.json`
}
