import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tempHome } from '../../test/support/snapshots/snapshot-nodes.ts'
import type { UpgradePlan } from '../chain/application.ts'
import { clearUpgradeNotice, readUpgradeNotice, upgradeFault, writeUpgradeNotice } from './upgrade.ts'

/** A chain at block 9 under version 2, with or without a plan. */
function chainWith(plan?: UpgradePlan): Parameters<typeof upgradeFault>[0] {
  return {
    info: () => ({ height: 9n, appHash: new Uint8Array(32), chainId: 'c', appVersion: 2 }),
    upgrade: () => plan,
  }
}

const plan = { height: 12n, version: 3, name: 'three' }

describe('whether a program may have a part in a block', () => {
  it.each([
    ['the version in force, no plan', 2, 10n, undefined, undefined],
    ['an older one', 1, 10n, undefined, 'upgrade_needed'],
    ['a newer one without a plan', 3, 10n, undefined, 'upgrade_too_early'],
    ['the version in force before the height', 2, 11n, plan, undefined],
    ['the version in force at the height', 2, 12n, plan, 'upgrade_needed'],
    ['the version in force behind the height', 2, 13n, plan, 'upgrade_needed'],
    ['the next version before the height', 3, 11n, plan, 'upgrade_too_early'],
    ['the next version at the height', 3, 12n, plan, undefined],
    ['a still later version at the height', 4, 12n, plan, 'upgrade_too_early'],
  ])('%s', (_case, program, height, accepted, code) => {
    expect(upgradeFault(chainWith(accepted), program, height)?.code).toBe(code)
  })

  it('says which version is needed from which block on', () => {
    expect(upgradeFault(chainWith(plan), 2, 12n)?.fields).toEqual({
      height: 12,
      version: 3,
      programVersion: 2,
      name: 'three',
    })
    expect(upgradeFault(chainWith(plan), 3, 11n)?.message).toContain('version 3 begins with block 12')
  })

  it('a new chain begins with the version of the program', () => {
    const application = { ...chainWith(), info: () => ({ ...chainWith().info(), height: 0n, appVersion: 1 }) }
    expect(upgradeFault(application, 2, 1n)).toBeUndefined()
  })
})

describe('upgrade.json', () => {
  it('is there while the node is stopped for an upgrade; what is damaged says nothing', () => {
    const home = tempHome()
    expect(readUpgradeNotice(home)).toBeUndefined()
    const fault = upgradeFault(chainWith(plan), 2, 12n)
    if (fault !== undefined) {
      writeUpgradeNotice(home, fault)
    }
    expect(readUpgradeNotice(home)).toEqual({ height: 12, version: 3, programVersion: 2, name: 'three' })
    clearUpgradeNotice(home)
    expect(readUpgradeNotice(home)).toBeUndefined()
    for (const text of ['{', '{"height":-1}', 'null', '']) {
      writeFileSync(`${home}/upgrade.json`, text)
      expect(readUpgradeNotice(home)).toBeUndefined()
    }
  })
})
