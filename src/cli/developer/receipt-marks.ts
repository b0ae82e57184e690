/** How a check of a receipt reads in a list. */
export const MARKS = { ok: 'ok    ', failed: 'FAILED', absent: 'absent' } as const
