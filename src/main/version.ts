/** Name and version of this software, as peers, attestations and people see it. */
export const VERSION = '0.1.0'
export const ENGINE = `tailrace/${VERSION}`
