/**
 * Which notification a change of the view is worth. Invariant: each thing is told once — a fault by its number, an update by its version
 * and state, a trouble from its beginning to its end, the first earning once ever — and only where the settings want it. What was so at the
 * first look is no news. Pure.
 */
import type { CoreView } from '../core/core-wire.ts'
import type { NoticeText } from '../desktop-words.ts'
import { earningText, faultText, troubleText, updateText } from '../desktop-words.ts'

export interface NoticeMemory {
  readonly faults: number
  readonly hasEarned: boolean
  /** `version state` of the update that was told. */
  readonly update: string
  readonly troubles: readonly string[]
}

export interface NoticeStep {
  readonly memory: NoticeMemory
  readonly notices: readonly NoticeText[]
}

/** A step of the state machine; `before` is undefined at the first look. */
export function noticeStep(before: NoticeMemory | undefined, view: CoreView): NoticeStep {
  const errors = view.troubles.filter(({ level }) => level === 'error').map(({ code }) => code)
  const update = view.update === null ? '' : `${view.update.version} ${view.update.state}`
  // A chain that is not reached yet shows no record: what was known stays known.
  const faults = Math.max(view.faults, before?.faults ?? 0)
  const hasEarned = view.hasEarned || before?.hasEarned === true
  const memory: NoticeMemory = {
    faults,
    hasEarned,
    update: update === '' ? (before?.update ?? '') : update,
    troubles: errors,
  }
  if (before === undefined) {
    return { memory, notices: updateNotices('', view) }
  }
  const { notifyFault, notifyEarning } = view.settings
  const notices: NoticeText[] = []
  if (notifyFault && faults > before.faults) {
    notices.push(faultText(view.faultCode))
  }
  if (notifyFault) {
    notices.push(...errors.filter((code) => !before.troubles.includes(code)).map(troubleText))
  }
  notices.push(...updateNotices(before.update, view))
  if (notifyEarning && hasEarned && !before.hasEarned) {
    notices.push(earningText(view.earned))
  }
  return { memory, notices }
}

function updateNotices(told: string, { update, settings }: CoreView): readonly NoticeText[] {
  if (update === null || !settings.notifyUpdate || `${update.version} ${update.state}` === told) {
    return []
  }
  return [updateText(update.version, update.state === 'downloaded')]
}
