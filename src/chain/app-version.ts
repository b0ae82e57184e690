/** Version of the rules that this program executes. Raised with each change of them, together with an entry in migrations.ts. */
export const APP_VERSION = 1
