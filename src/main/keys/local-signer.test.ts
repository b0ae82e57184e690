import { expect, test } from 'vitest'
import { describeSigner } from '../../../test/conformance/signer.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { publicKeyOf } from '../../protocol/signature.ts'
import type { Approval } from './approvals.ts'
import { createApprovals } from './approvals.ts'
import { createLocalSigner } from './local-signer.ts'

const OWNER = new Uint8Array(32).fill(1)

describeSigner('over keys in memory', async () => {
  const approvals = createApprovals(new VirtualClock())
  let isOpen = true
  const signer = createLocalSigner({
    ownerPublicKey: publicKeyOf(OWNER),
    ownerKey: () => (isOpen ? OWNER : undefined),
    deviceKey: new Uint8Array(32).fill(2),
    approvals,
  })
  return {
    signer,
    approve: async (approval) => approvals.approve(approval),
    async lock() {
      isOpen = false
    },
  }
})

const approval: Approval = {
  chainId: 'tailrace-local-1',
  message: { typeUrl: '/cosmos.bank.v1beta1.MsgSend', value: { fromAddress: 'a', toAddress: 'b', amount: [] } },
  fee: 0n,
  memo: '',
}
const content = {
  ...approval,
  messages: [approval.message],
  feeAmount: 0n,
  signer: 'a',
  sequence: 0n,
  timeoutHeight: 0n,
}
const shown = { ...content, publicKey: undefined }

test('a confirmation ends after two minutes, when it is withdrawn, and there are eight at most', async () => {
  const clock = new VirtualClock()
  const approvals = createApprovals(clock)
  const first = approvals.approve(approval)
  approvals.withdraw(first)
  expect(approvals.take(new Uint8Array(1), shown)).toBe(false)
  approvals.approve(approval)
  await clock.advance(119_999)
  expect(approvals.take(new Uint8Array(1), shown)).toBe(true)
  await clock.advance(1)
  expect(approvals.take(new Uint8Array(1), shown)).toBe(false)
  for (let count = 0; count < 8; count++) {
    approvals.approve(approval)
  }
  let code = ''
  try {
    approvals.approve(approval)
  } catch (error) {
    code = errorCode(error)
  }
  expect(code).toBe('busy')
})
