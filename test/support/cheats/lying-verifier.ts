/** A verifier that calls honest work false. Wraps the chain port: every check that it passed is reported as failed. */
import type { ChainPort } from '../../../src/host/ports.ts'
import { CheckVerdict } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'

/** Q16.16: far above any limit of a class. */
const INVENTED_MARGIN = 10 * 65_536

export function lieInChecks<T extends ChainPort>(chain: T): T {
  return {
    ...chain,
    submit: (messages, key, signal) => chain.submit(messages.map(falsified), key, signal),
  }
}

function falsified(message: TypedMessage): TypedMessage {
  if (message.typeUrl !== '/tailrace.v1.MsgReportChecks') {
    return message
  }
  const reports = message.value.reports.map((report) =>
    report.verdict === CheckVerdict.CHECK_VERDICT_PASS
      ? { ...report, verdict: CheckVerdict.CHECK_VERDICT_FAIL, maxMargin: INVENTED_MARGIN, softMargins: 1 }
      : report,
  )
  return { ...message, value: { ...message.value, reports } }
}
