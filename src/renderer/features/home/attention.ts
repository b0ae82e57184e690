import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { PageName } from '../../state/pages.ts'

/** Something that a person should see to, without being a trouble: nothing fails for it. */
export interface Attention {
  readonly key: string
  readonly title: string
  readonly text: string
  readonly page: PageName
}

/** What needs the person, most pressing first. Troubles stand above the page and are not repeated. */
export function attentionOf(snapshot: ScreenSnapshot): readonly Attention[] {
  return [...walletAttention(snapshot), ...machineAttention(snapshot), ...softwareAttention(snapshot)]
}

function walletAttention({ wallet, rules }: ScreenSnapshot): readonly Attention[] {
  if (wallet.isStarter && rules?.network === 'public') {
    return [
      { key: 'starter', title: 'Make your own wallet', text: 'You earn to the starter’s address.', page: 'wallet' },
    ]
  }
  if (!wallet.isStarter && !wallet.isBackedUp && wallet.wordCount !== 0) {
    return [{ key: 'backup', title: 'Write your words down', text: 'Nothing else brings it back.', page: 'wallet' }]
  }
  return []
}

function machineAttention({ earningNotice, race, duties, standing }: ScreenSnapshot): readonly Attention[] {
  const items: Attention[] = []
  if (standing !== null && standing.raceVerdict === 'too_few_finds') {
    items.push({ key: 'finds', title: 'Too few finds to count', text: 'The answers say what helps.', page: 'why' })
  }
  if (earningNotice !== null) {
    items.push({
      key: 'notice',
      title: earningNotice.code === 'racing_on_cpu' ? 'The GPU is not racing' : 'This device earns less',
      text: 'The device page says why.',
      page: 'device',
    })
  }
  if (race !== null && race.faultyFinds > 0) {
    items.push({ key: 'faulty', title: 'Faulty finds were dropped', text: 'Overclocking or memory?', page: 'device' })
  }
  if (duties.missed > 0) {
    items.push({ key: 'duties', title: 'Checks were missed', text: 'That lowers the reward.', page: 'why' })
  }
  return items
}

function softwareAttention({ update, settings }: ScreenSnapshot): readonly Attention[] {
  const items: Attention[] = []
  if (update !== null) {
    items.push({
      key: 'update',
      title: `Version ${update.version} is ${update.state === 'downloaded' ? 'ready' : 'out'}`,
      text: update.state === 'downloaded' ? 'It is used after a restart.' : 'See what it brings.',
      page: 'settings',
    })
  }
  if (settings.atNextStart.length > 0) {
    items.push({ key: 'restart', title: 'Settings wait for a restart', text: 'They apply then.', page: 'settings' })
  }
  return items
}
