/**
 * What would keep this machine from earning: a list of checks, each of which answers with findings. Invariant: a check never throws and
 * changes nothing; what it cannot find out it calls `skipped`, with the reason. Read next: doctor.ts (their order), ipc/finding-codes.ts.
 */
import type { FindingCode } from '../../ipc/finding-codes.ts'
import type { Finding } from '../../ipc/wires/machine-wire.ts'
import { errorCode } from '../../lib/coded-error.ts'

type Fields = Finding['fields']

const MAX_TEXT = 512

export function ok(code: FindingCode, fields: Fields = {}): Finding {
  return finding(code, 'ok', fields)
}

export function warning(code: FindingCode, fields: Fields = {}): Finding {
  return finding(code, 'warning', fields)
}

export function problem(code: FindingCode, fields: Fields = {}): Finding {
  return finding(code, 'problem', fields)
}

export function skipped(code: FindingCode, fields: Fields = {}): Finding {
  return finding(code, 'skipped', fields)
}

/** Runs one check; whatever it throws becomes a skipped finding. */
export async function checked(
  code: FindingCode,
  check: () => Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    const found = await check()
    return Array.isArray(found) ? (found as readonly Finding[]) : [found as Finding]
  } catch (error) {
    return [skipped(code, { reason: errorCode(error) })]
  }
}

function finding(code: FindingCode, verdict: Finding['verdict'], fields: Fields): Finding {
  const cut = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.slice(0, MAX_TEXT) : value,
  ])
  return { code, verdict, fields: Object.fromEntries(cut) }
}
